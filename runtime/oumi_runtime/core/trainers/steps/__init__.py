"""One optimizer step, and how non-finite steps are handled."""
