"""The monthly job: six steps from the inbox to the published warehouse and reports. Read `contracts` first, then `run`.

The commands that look at published results again (`efficiency.review`) use its steps too.
"""
