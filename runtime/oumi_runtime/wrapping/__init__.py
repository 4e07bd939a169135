"""Reads and tries a module that exists, so that a model can be generated around it."""

from oumi_runtime.wrapping.interface import ModuleInterface
from oumi_runtime.wrapping.samples import SampleSizes, sizes_of_samples
from oumi_runtime.wrapping.source import Factory, Parameter, load
from oumi_runtime.wrapping.trial import Trial

__all__ = [
    "Factory",
    "ModuleInterface",
    "Parameter",
    "SampleSizes",
    "Trial",
    "load",
    "sizes_of_samples",
]
