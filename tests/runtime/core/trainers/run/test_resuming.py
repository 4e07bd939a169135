"""What changes the result of a run that goes on is refused by name."""

from pathlib import Path
from typing import Any

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.params.base_params import to_tree
from oumi_runtime.core.trainers.run.resuming import changes, refuse_changes
from oumi_runtime.exceptions import ChangedConfigError


def tree(**fields: Any) -> dict[str, Any]:
    config = TrainingConfig()
    for name, value in fields.items():
        section, _, field = name.partition("__")
        setattr(getattr(config, section), field, value)
    return to_tree(config)


@pytest.mark.parametrize(
    "fields",
    [
        {"training__output_dir": "elsewhere"},
        {"training__logging_steps": 7},
        {"training__log_level": "debug"},
        {"training__save_steps": 7},
        {"training__save_total_limit": 2},
        {"training__eval_steps": 7},
        {"training__dataloader_num_workers": 2},
        {"training__run_name": "again"},
        {"training__max_minutes": 5.0},
        {"training__try_resume_from_last_checkpoint": True},
        {"model__device_map": "cpu"},
    ],
)
def test_what_changes_no_weight_may_change(fields: dict[str, Any]) -> None:
    assert changes(tree(), tree(**fields)) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"training__seed": 43}, "training.seed is 42 in the checkpoint and 43 now"),
        ({"training__learning_rate": 0.1}, "training.learning_rate is 5e-05"),
        ({"training__per_device_train_batch_size": 4}, "training.per_device_train"),
        ({"training__gradient_accumulation_steps": 4}, "training.gradient_acc"),
        ({"training__optimizer": "sgd"}, "training.optimizer is 'adamw_torch'"),
        ({"training__num_train_epochs": 5}, "training.num_train_epochs is 3"),
        ({"training__mixed_precision_dtype": "bf16"}, "training.mixed_precision"),
        ({"model__model_kwargs": {"hidden_dim": 4}}, "model.model_kwargs.hidden_dim"),
    ],
)
def test_what_changes_the_weights_is_named(fields, sentence: str) -> None:
    (found,) = changes(tree(), tree(**fields))
    assert found.startswith(sentence)


def test_a_constant_schedule_may_be_made_longer() -> None:
    constant = {"training__lr_scheduler_type": "constant"}
    longer = {**constant, "training__num_train_epochs": 9}
    assert changes(tree(**constant), tree(**longer)) == []


def test_all_changes_are_told_at_once_unless_it_is_forced(caplog) -> None:
    saved = {"config": tree(), "data": {"rows.csv": {"sha256": "a"}}}
    now = {
        "config": tree(training__seed=1, training__weight_decay=0.1),
        "data": {"rows.csv": {"sha256": "b"}},
    }
    with pytest.raises(
        ChangedConfigError, match="cannot resume from checkpoint-3"
    ) as e:
        refuse_changes(Path("checkpoint-3"), saved, now, force=False)
    for name in ("training.seed", "training.weight_decay", "the data in rows.csv"):
        assert name in str(e.value)
    refuse_changes(Path("checkpoint-3"), saved, now, force=True)
    assert "resuming although training.seed is 42" in caplog.text


@pytest.mark.parametrize("saved", [{}, {"config": 3}, {"config": [], "data": []}])
def test_what_is_no_config_is_no_crash(saved: dict[str, Any]) -> None:
    now = {"config": tree(), "data": {}}
    with pytest.raises(ChangedConfigError):
        refuse_changes(Path("checkpoint-3"), saved, now, force=False)


def test_other_evaluation_data_is_said_and_gone_on_with(caplog) -> None:
    saved = {"config": tree(), "evaluation_data": {"rows.csv": {"sha256": "a"}}}
    now = {"config": tree(), "evaluation_data": {"rows.csv": {"sha256": "b"}}}
    refuse_changes(Path("checkpoint-1"), saved, now, force=False)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(
        "the evaluation data in rows.csv has changed; later evaluations"
    )
