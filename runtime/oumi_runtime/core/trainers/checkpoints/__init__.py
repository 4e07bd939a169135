"""A training's state on the disk: written whole, checked, and taken back."""
