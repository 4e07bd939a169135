"""Models around modules that exist: what a module takes, and how it is called."""
