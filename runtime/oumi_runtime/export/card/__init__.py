"""The card of an export, `README.md`, with the code that uses it."""
