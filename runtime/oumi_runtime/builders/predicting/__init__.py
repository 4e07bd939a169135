"""What to predict from, and how outputs become predictions."""
