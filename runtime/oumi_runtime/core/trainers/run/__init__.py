"""The output folder of a run: its lock, its record, and where to go on."""
