"""Turns the checks into pytest tests, each with a name that can be selected."""

from collections.abc import Callable
from functools import partial

import pytest
from torch import nn

from oumi_runtime.testing.case import BatchFactory, ModelCase
from oumi_runtime.testing.checks import CHECKS


def parametrize_with_checks(
    make_model: Callable[[], nn.Module], make_batch: BatchFactory
) -> pytest.MarkDecorator:
    """Makes a decorator for a test that takes `check` and calls it.

    Args:
        make_model: Makes a small model, the same one at the same random seed.
        make_batch: Makes a batch of so many samples: the columns that forward takes,
            `labels` among them.
    """
    case = ModelCase(make_model, make_batch)
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(partial(check, case), id=check.__name__.removeprefix("check_"))
            for check in CHECKS
        ],
    )
