"""From contents to files: planned, and then written all together or not at all."""
