"""What is asked for: a name, values and folders, checked before anything is made."""
