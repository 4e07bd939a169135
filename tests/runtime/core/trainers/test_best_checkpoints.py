"""The best checkpoints of a training stay, by what its evaluations found."""

import pytest

from oumi_runtime.core.configs import TrainerType
from oumi_runtime.core.trainers.callbacks.best_checkpoints import BestCheckpoints
from oumi_runtime.exceptions import TrainingMetricError


@pytest.mark.parametrize("trainer_type", [TrainerType.OUMI, TrainerType.HF])
# Rates far too high, so that the last is not the best.
@pytest.mark.parametrize(("metric", "rate"), [("eval_loss", 5), ("eval_accuracy", 3)])
def test_the_best_and_the_newest_stay(make_trainer, metric, rate, trainer_type) -> None:
    trainer, recorder = make_trainer(
        trainer_type=trainer_type,
        learning_rate=rate,
        max_steps=12,
        save_steps=2,
        eval_strategy="steps",
        eval_steps=2,
        metrics_function="classification",
        save_best=2,
        save_total_limit=3,
        metric_for_best_model=metric,
    )
    trainer.train()
    found = {step: each[metric] for step, each in recorder.evaluations.items()}
    assert sorted(found) == [2, 4, 6, 8, 10, 12]
    sign = 1 if metric == "eval_loss" else -1
    # Of equal ones the newer is kept.
    best = sorted(found, key=lambda step: (sign * found[step], -step))[:2]
    assert 12 not in best, found
    assert 10 not in best, found
    kept = {m.step: m.metrics[metric] for _, m in trainer.checkpoints.whole()}
    assert kept == {step: found[step] for step in (*best, 12)}


def best_of(number: int) -> BestCheckpoints:
    return BestCheckpoints("eval_loss", greater_is_better=False, number=number)


@pytest.mark.parametrize("trainer_type", [TrainerType.OUMI, TrainerType.HF])
@pytest.mark.parametrize("save_steps", [0, 7])
def test_the_best_are_saved_where_no_checkpoint_is_due(
    make_trainer, trainer_type, save_steps
) -> None:
    trainer, recorder = make_trainer(
        more_callbacks=[best_of(2)],
        trainer_type=trainer_type,
        learning_rate=5,
        num_train_epochs=4,
        save_steps=save_steps,
        eval_strategy="epoch",
        save_best=2,
    )
    trainer.train()
    found = {step: each["eval_loss"] for step, each in recorder.evaluations.items()}
    assert sorted(found) == [7, 14, 21, 28]
    best = sorted(found, key=lambda step: found[step])[:2]
    kept = {m.step: m.metrics for _, m in trainer.checkpoints.whole()}
    newest = {28} if save_steps else {max(step for step in kept)}
    assert kept.keys() == {*best, *newest}
    assert all(kept[step]["eval_loss"] == found[step] for step in best)


def test_a_resumed_run_knows_what_was_best_before(make_trainer) -> None:
    settings = {"eval_strategy": "epoch", "save_best": 1, "learning_rate": 5}
    whole, recorder = make_trainer(more_callbacks=[best_of(1)], **settings)
    whole.train()
    kept = [path for path, _ in whole.checkpoints.whole()]
    resumed, again = make_trainer(more_callbacks=[best_of(1)], **settings)
    resumed.train(str(kept[0]))
    assert [path for path, _ in resumed.checkpoints.whole()] == kept
    assert again.evaluations == {
        step: found
        for step, found in recorder.evaluations.items()
        if step in again.evaluations
    }


def test_a_metric_that_no_evaluation_measures_is_named(make_trainer) -> None:
    misspelt = BestCheckpoints("eval_acuracy", greater_is_better=True, number=1)
    trainer, _ = make_trainer(
        more_callbacks=[misspelt],
        eval_strategy="epoch",
        metrics_function="classification",
    )
    with pytest.raises(TrainingMetricError, match="did you mean 'eval_accuracy'"):
        trainer.train()
