"""The stages put together: the six steps of a run, and what reads and judges again for the other commands."""
