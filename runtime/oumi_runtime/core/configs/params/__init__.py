"""The sections of the configs, one file each."""
