"""What a project holds of ours beside its models, and where in it files may be."""
