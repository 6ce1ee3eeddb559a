"""Prefect flows: which steps run, with which retries and on which schedule. No logic of their own."""
