"""Checkpoints: written atomically, verified, and restored."""
