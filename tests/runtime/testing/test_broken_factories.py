"""A factory that raises is one clear failure, and a model that raises is told once."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.testing import (
    parametrize_with_checks,
    parametrize_with_dataset_checks,
    run_checks,
)
from oumi_runtime.testing.parametrize import NOT_APPLICABLE


class Net(nn.Module):
    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.layer = nn.Linear(width, 3)

    def forward(self, features, labels=None, **kwargs):
        logits = self.layer(features)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": nn.functional.cross_entropy(logits, labels)}


def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
    return {"features": torch.randn(batch_size, 4), "labels": torch.zeros(batch_size)}


def outcomes(mark: pytest.MarkDecorator) -> tuple[Counter[str], list[str]]:
    """Runs the tests; returns how many ended how, and what was told in full."""
    found: Counter[str] = Counter()
    told: list[str] = []
    for parameter in mark.args[1]:
        if any(each.name == "conformance_slow" for each in parameter.marks):
            continue
        check: Any = parameter.values[0]
        try:
            check()
        except AssertionError as error:
            found["failed"] += 1
            told.append(str(error))
        except pytest.fail.Exception as error:
            is_short = not error.pytrace and error.__context__ is None
            found["told again" if is_short else "told at length"] += 1
        except pytest.skip.Exception as error:
            is_other = str(error).startswith(NOT_APPLICABLE)
            found["not applicable" if is_other else "skipped"] += 1
        else:
            found["passed"] += 1
    return found, told


def test_a_model_that_cannot_be_made_is_one_failure() -> None:
    mark = parametrize_with_checks(lambda: Net(depth=3), make_batch)  # type: ignore
    found, (sentence,) = outcomes(mark)
    assert found["failed"] == 1
    assert found["told again"] == 0
    assert found["skipped"] > 50
    reason = "make_model raises TypeError: Net.__init__() got an unexpected keyword"
    assert sentence.startswith(reason)
    assert "test_broken_factories.py" in sentence


def test_a_batch_that_cannot_be_made_is_one_failure() -> None:
    def make_nothing(batch_size: int) -> dict[str, torch.Tensor]:
        raise LookupError("no rows")

    found, (sentence,) = outcomes(parametrize_with_checks(Net, make_nothing))
    assert found["failed"] == 1
    assert found["skipped"] > 20
    assert sentence.startswith("make_batch raises LookupError: no rows (test_broken")


def test_without_pytest_it_is_one_failure_too() -> None:
    def make_nothing(batch_size: int) -> dict[str, torch.Tensor]:
        # As where each batch is of other rows.
        raise LookupError(f"no row {'x' * batch_size}")

    results = run_checks(Net, make_nothing)
    (failed,) = (each for each in results if each.outcome == "failed")
    assert failed.message.startswith("make_batch raises LookupError: no row")
    others = [each for each in results if each.factory and each is not failed]
    assert len(others) > 20
    assert {each.outcome for each in others} == {"not applicable"}
    assert others[0].message == f"make_batch raises, as {failed.name} tells"


def test_a_dataset_that_cannot_be_made_is_one_failure() -> None:
    def make_dataset(split: str) -> Any:
        raise FileNotFoundError(f"no {split}.csv")

    found, (sentence,) = outcomes(parametrize_with_dataset_checks(make_dataset))
    assert found["failed"] == 1
    assert found["skipped"] > 10
    assert sentence.startswith("make_dataset raises FileNotFoundError: no train.csv")


def test_what_most_checks_fail_with_is_told_in_full_only_once() -> None:
    found, told = outcomes(parametrize_with_checks(lambda: Net(5), make_batch))
    assert found["told again"] > 30
    assert found["told at length"] == 0
    same = [each for each in told if each.startswith("the model raises RuntimeError")]
    assert len(same) == 1
