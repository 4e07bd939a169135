"""The commands, one a file: `find-lr` is the `command` of `find_lr`."""
