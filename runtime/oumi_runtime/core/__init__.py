"""The foundation: registry, configs and base classes."""
