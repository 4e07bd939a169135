"""Processes that have begun different runs are told so."""

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.trainers.run import consistency
from oumi_runtime.core.trainers.run.consistency import facts_of, require_same
from oumi_runtime.exceptions import DifferentProcessesError


def config(**fields):
    made = TrainingConfig()
    for name, value in fields.items():
        setattr(made.training, name, value)
    return made


def test_a_single_process_is_the_same_as_itself() -> None:
    require_same(facts_of(config(seed=1)))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"seed": 1}, "training.seed: 42 in process 0, but 1 in process 1"),
        ({"output_dir": "other"}, "training.output_dir: 'output' in process 0"),
    ],
)
def test_a_field_that_differs_is_named(monkeypatch, fields, sentence) -> None:
    other = facts_of(config(**fields))
    monkeypatch.setattr(consistency, "all_gather_object", lambda own: [own, other])
    with pytest.raises(DifferentProcessesError, match=sentence):
        require_same(facts_of(config()))


def test_each_may_have_a_device_of_its_own(monkeypatch) -> None:
    elsewhere = config()
    elsewhere.model.device_map = "cuda:1"
    other = facts_of(elsewhere)
    monkeypatch.setattr(consistency, "all_gather_object", lambda own: [own, other])
    require_same(facts_of(config()))
