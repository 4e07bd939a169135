"""The checks, in the order in which they are run: what a failure rests on comes first.

Each module holds one theme. A check is a documented function of a `ModelCase`; a new
one joins the suite by its place in a module that is listed here.
"""

from types import ModuleType

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.checks import (
    attention,
    compiling,
    composition,
    construction,
    documentation,
    gradients,
    images,
    layouts,
    learning,
    lengths,
    losses,
    masking,
    modes,
    numerics,
    outputs,
    pairs,
    persistence,
    positions,
    project,
    randomness,
    ranges,
    reading,
    samples,
    scales,
    sizes,
    structure,
    training,
    vocabulary,
)
from oumi_runtime.testing.declaring import Check, checks_of

THEMES: tuple[ModuleType, ...] = (
    outputs,
    losses,
    scales,
    ranges,
    gradients,
    randomness,
    modes,
    samples,
    reading,
    layouts,
    images,
    masking,
    lengths,
    attention,
    positions,
    pairs,
    vocabulary,
    numerics,
    persistence,
    construction,
    sizes,
    structure,
    composition,
    documentation,
    learning,
    project,
    compiling,
    training,
)

CHECKS: tuple[Check[ModelCase], ...] = checks_of(THEMES)

__all__ = ["CHECKS", "THEMES"]
