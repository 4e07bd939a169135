"""The user's own data, read to fit a model and its config to it."""
