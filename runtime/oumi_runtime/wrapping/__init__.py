"""Reads and tries a module that exists, so that a model can be generated around it."""

from oumi_runtime.wrapping.reading import Reading
from oumi_runtime.wrapping.source import Factory, Parameter, load
from oumi_runtime.wrapping.trial import Trial

__all__ = ["Factory", "Parameter", "Reading", "Trial", "load"]
