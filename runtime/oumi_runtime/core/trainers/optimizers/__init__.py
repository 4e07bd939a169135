"""Optimizers that torch does not have, and the weight average."""
