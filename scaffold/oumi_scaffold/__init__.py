"""From a request for a model to files on disk: names, spec, render, plan, write."""

__version__ = "0.1.0"
