"""Reads the files and rows behind the datasets, whole or as streams."""
