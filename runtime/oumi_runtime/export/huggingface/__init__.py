"""A folder that plain transformers loads."""
