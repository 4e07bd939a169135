"""A template as it lies on disk, and where it comes from; nothing is rendered here."""
