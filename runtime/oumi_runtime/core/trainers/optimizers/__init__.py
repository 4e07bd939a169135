"""Optimizers that torch lacks, and the average of the weights."""
