"""What runs the monthly job unattended: schedule, waiting and retries, a Prefect server, settings, notices.

Nothing is imported here: `efficiency --help` needs the schedule's defaults, and a plain run no server.
"""
