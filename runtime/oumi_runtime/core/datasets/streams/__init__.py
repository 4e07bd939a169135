"""Datasets read in order, in blocks: mixed, shuffled in a buffer, and cut."""
