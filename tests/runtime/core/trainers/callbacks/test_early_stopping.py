"""A training that gets no better ends, also where it was resumed in between."""

import pytest

from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.callbacks.early_stopping import EarlyStopping
from oumi_runtime.exceptions import TrainingMetricError


def stops_after(values, **options) -> int | None:
    """The number of the evaluation after which it stops."""
    settings = {"greater_is_better": False, "patience": 2, "threshold": 0.0}
    callback = EarlyStopping("eval_loss", **{**settings, **options})
    state = TrainingState(100, 10)
    for number, value in enumerate(values, start=1):
        callback.on_log(state, {"loss": 0.0})
        callback.on_log(state, {"eval_loss": value})
        if state.requests.stop is not None:
            return number
    return None


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([3, 2, 1, 0.5], {}, None),
        ([3, 2, 2.5, 2], {}, 4),
        ([3, 3.5, 2, 3, 3], {}, 5),
        ([1, 2, 3, 2, 3], {"greater_is_better": True}, 5),
        ([3, 2.95, 2.92, 2.85], {"threshold": 0.1}, 3),
        ([3, 4], {"patience": 1}, 2),
        ([float("nan"), 1.0, 1.0, 1.0], {}, 3),
    ],
)
def test_it_stops_after_evaluations_without_a_better_value(values, options, expected):
    assert stops_after(values, **options) == expected


def test_a_metric_that_is_not_measured_is_named() -> None:
    callback = EarlyStopping(
        "eval_acuracy", greater_is_better=True, patience=1, threshold=0.0
    )
    with pytest.raises(TrainingMetricError, match="did you mean 'eval_accuracy'"):
        callback.on_log(TrainingState(9, 3), {"eval_loss": 1.0, "eval_accuracy": 0.5})


def early(patience: int) -> EarlyStopping:
    return EarlyStopping(
        "eval_loss", greater_is_better=True, patience=patience, threshold=0.0
    )


@pytest.mark.parametrize("kind", ["OUMI", "HF"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_both_trainers_stop_and_a_resumed_one_counts_on(
    make_trainer, tmp_path, kind
) -> None:
    # The loss falls, and more is said to be better: no evaluation is ever better.
    options = {"eval_strategy": "steps", "eval_steps": 2, "trainer_type": kind}
    options["dropout"] = 0.0
    straight, _ = make_trainer(**options)
    straight.parts.callbacks.append(early(4))
    straight.train()
    assert straight.state.global_step == 10
    assert "not better than" in straight.state.requests.stop
    first, _ = make_trainer(save_steps=5, max_steps=6, **options)
    first.parts.callbacks.append(early(4))
    first.train()
    second, _ = make_trainer(**options)
    second.parts.callbacks.append(early(4))
    second.train(str(tmp_path / "output" / "checkpoint-5"))
    assert second.state.global_step == 10
