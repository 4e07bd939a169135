"""The order of the samples, and the batches of each step."""
