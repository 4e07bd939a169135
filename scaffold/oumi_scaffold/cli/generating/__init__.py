"""What the commands share that write files into a project."""
