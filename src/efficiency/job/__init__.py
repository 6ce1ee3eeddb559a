"""The monthly job: the six steps of a run (`run.py`) and the types that pass between them (`contracts.py`)."""
