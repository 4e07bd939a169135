"""The ground floor: registry, configs and the base classes that the rest builds on."""
