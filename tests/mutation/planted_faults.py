"""The faults: each a mistake seen in models written by hand, and a way to plant it.

A fault fits some of the generated models and not others.
"""

from faults_of_modules import (
    CONSTRUCTION,
    GRADIENTS,
    NUMERICS,
    RANDOMNESS,
    REGISTRATION,
    VOCABULARY,
)
from faults_of_positions import POSITIONS
from faults_of_reading import READING
from faults_of_results import LOSSES, MASKS, SAMPLES, SHAPES
from faults_of_sizes import SIZES

FAULTS = [
    each
    for group in (
        SHAPES,
        LOSSES,
        GRADIENTS,
        REGISTRATION,
        RANDOMNESS,
        SAMPLES,
        MASKS,
        VOCABULARY,
        NUMERICS,
        CONSTRUCTION,
        READING,
        SIZES,
        POSITIONS,
    )
    for each in group
]
