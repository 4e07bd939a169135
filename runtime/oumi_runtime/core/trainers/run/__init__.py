"""The output folder of a run: its lock, its record, and resuming from it."""
