"""The best checkpoints of a training stay, by what its evaluations found."""

import pytest

from oumi_runtime.core.configs import TrainerType


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
