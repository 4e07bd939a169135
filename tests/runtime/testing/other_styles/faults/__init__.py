"""Mistakes in models of other styles.

Each is the style, what is wrong, the check that tells, and what is replaced by what.
"""

from other_styles.faults import (
    image_classifiers,
    language_models,
    pairs,
    pixels,
    self_supervised,
    tables,
    taggers,
    text_classifiers,
)

FAULTS = (
    *taggers.FAULTS,
    *text_classifiers.FAULTS,
    *language_models.FAULTS,
    *pairs.FAULTS,
    *image_classifiers.FAULTS,
    *pixels.FAULTS,
    *tables.FAULTS,
    *self_supervised.FAULTS,
)
