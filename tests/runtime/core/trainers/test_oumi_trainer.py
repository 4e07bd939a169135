"""The native trainer computes what a plain loop does, and resumes exactly."""

import json
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.batches.map_batches import epoch_order
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.exceptions import CheckpointError, NonFiniteLossError

GOLDEN = Path(__file__).parent / "golden" / "dropout_net_losses.json"


def run(trainer, resume_from: str | None = None) -> None:
    torch.manual_seed(1)
    trainer.train(resume_from)


def weights_of(trainer) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in trainer.model.named_parameters()}


def assert_same_weights(left, right) -> None:
    for name, weight in weights_of(left).items():
        assert torch.equal(weight, weights_of(right)[name]), name


def test_losses_are_those_of_a_plain_loop(make_trainer, dataset) -> None:
    trainer, recorder = make_trainer(max_grad_norm=0.1, weight_decay=0.1)
    plain, _ = make_trainer()
    run(trainer)

    model, losses, step = plain.model.train(), [], 0
    torch.manual_seed(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0.1)
    total = 3 * 7
    for epoch in range(3):
        for indices in epoch_order(len(dataset), 42, epoch).split(8):
            for group in optimizer.param_groups:
                group["lr"] = 0.05 * (1 - step / total)
            optimizer.zero_grad()
            loss = model(**dataset.take(indices))["loss"]
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            losses.append(loss.item())
            step += 1
    assert list(recorder.losses.values()) == pytest.approx(losses, abs=1e-6)
    for name, weight in weights_of(trainer).items():
        torch.testing.assert_close(weight, weights_of(plain)[name], atol=1e-5, rtol=0)


def test_losses_are_the_golden_ones(make_trainer) -> None:
    trainer, recorder = make_trainer()
    run(trainer)
    losses = list(recorder.losses.values())
    if "UPDATE_GOLDEN" in os.environ:
        GOLDEN.write_text(json.dumps(losses, indent=1) + "\n")
    assert losses == pytest.approx(json.loads(GOLDEN.read_text()), abs=1e-5)


@pytest.mark.parametrize("micro", [1, 2, 3, 4])
def test_accumulation_equals_the_large_batch(make_trainer, micro: int) -> None:
    large, large_losses = make_trainer(dropout=0.0, per_device_train_batch_size=12)
    small, small_losses = make_trainer(
        dropout=0.0,
        per_device_train_batch_size=micro,
        gradient_accumulation_steps=12 // micro,
    )
    run(large)
    run(small)
    # 50 samples: the last step of an epoch has 2, so its micro-batches are uneven.
    assert len(large_losses.losses) == 15
    assert list(small_losses.losses.values()) == pytest.approx(
        list(large_losses.losses.values()), abs=1e-5
    )


def test_accumulation_weighs_by_unmasked_labels(make_trainer, dataset) -> None:
    labels = dataset.columns["labels"].clone()
    labels[::3] = -100
    masked = ColumnDataset({**dataset.columns, "labels": labels})
    runs = [
        make_trainer(0.0, masked, per_device_train_batch_size=10),
        make_trainer(
            0.0, masked, per_device_train_batch_size=5, gradient_accumulation_steps=2
        ),
    ]
    for trainer, _ in runs:
        run(trainer)
    first, second = (list(recorder.losses.values()) for _, recorder in runs)
    assert second == pytest.approx(first, abs=1e-5)


@pytest.mark.parametrize("kind", ["OUMI", "HF"])
def test_a_micro_batch_without_any_target_changes_nothing(
    make_trainer, dataset, kind
) -> None:
    labels = dataset.columns["labels"].clone()
    labels[1::3] = -100
    masked = ColumnDataset({**dataset.columns, "labels": labels})
    large, expected = make_trainer(0.0, masked, per_device_train_batch_size=8)
    run(large)
    # One sample a micro-batch: a third of them have nothing to learn from.
    small, seen = make_trainer(
        0.0,
        masked,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=8,
        trainer_type=kind,
    )
    run(small)
    assert list(seen.losses.values()) == pytest.approx(
        list(expected.losses.values()), abs=1e-5
    )


def test_the_schedule_ends_with_the_last_step_that_runs(make_trainer) -> None:
    trainer, _ = make_trainer(max_steps=10)
    run(trainer)
    assert trainer.state.global_step == 10
    assert trainer.scheduler.get_last_lr() == [0.0]


def test_epochs_count_steps_of_accumulated_batches(make_trainer) -> None:
    trainer, _ = make_trainer(gradient_accumulation_steps=2, num_train_epochs=2)
    run(trainer)
    assert trainer.state.global_step == 2 * 4
    assert trainer.state.epoch == 2


@pytest.mark.parametrize("stop_at", range(1, 21, 3))
def test_going_on_from_a_checkpoint_is_exact(make_trainer, tmp_path, stop_at) -> None:
    straight, expected = make_trainer(logging_steps=2, lr_scheduler_type="cosine")
    run(straight)
    first, _ = make_trainer(
        logging_steps=2, lr_scheduler_type="cosine", save_steps=stop_at
    )
    run(first)
    second, seen = make_trainer(logging_steps=2, lr_scheduler_type="cosine")
    run(second, str(tmp_path / "output" / f"checkpoint-{stop_at}"))
    assert_same_weights(straight, second)
    for step, loss in seen.losses.items():
        assert loss == expected.losses[step]


def test_going_on_at_the_end_of_an_epoch_is_exact(make_trainer, tmp_path) -> None:
    straight, _ = make_trainer()
    run(straight)
    first, _ = make_trainer(save_epoch=True)
    run(first)
    second, _ = make_trainer()
    run(second, str(tmp_path / "output" / "checkpoint-14"))
    assert_same_weights(straight, second)


def test_a_checkpoint_of_other_batches_is_refused(make_trainer, tmp_path) -> None:
    first, _ = make_trainer(save_steps=2, max_steps=2)
    run(first)
    other, _ = make_trainer(per_device_train_batch_size=4)
    with pytest.raises(CheckpointError, match="7 steps an epoch, now there are 13"):
        run(other, str(tmp_path / "output" / "checkpoint-2"))


def test_checkpoints_hold_no_pickle(make_trainer, tmp_path) -> None:
    trainer, _ = make_trainer(save_steps=2, max_steps=2)
    run(trainer)
    names = {path.name for path in (tmp_path / "output" / "checkpoint-2").iterdir()}
    assert names == {
        "config.json",
        "manifest.json",
        "model.safetensors",
        "training_state.json",
        "training_state.safetensors",
    }


def test_a_loss_of_nan_stops_the_training_and_is_not_saved(
    make_trainer, tmp_path
) -> None:
    trainer, _ = make_trainer(save_steps=5, logging_steps=1000)
    forward = trainer.model.forward

    def poisoned(**batch):
        outputs = forward(**batch)
        if trainer.state.global_step == 7:
            outputs["loss"] = outputs["loss"] * float("nan")
        return outputs

    trainer.model.forward = poisoned
    with pytest.raises(NonFiniteLossError, match=r"step 8.*checkpoint-5"):
        run(trainer)
    saved = [path.name for path in (tmp_path / "output").glob("checkpoint-*")]
    assert saved == ["checkpoint-5"]


def test_a_loss_of_nan_in_the_last_steps_is_noticed(make_trainer) -> None:
    trainer, _ = make_trainer(
        logging_steps=1000, learning_rate=1e30, max_grad_norm=None
    )
    with pytest.raises(NonFiniteLossError):
        run(trainer)


def test_evaluation_comes_with_the_steps_or_epochs_asked_for(make_trainer) -> None:
    by_steps, seen = make_trainer(eval_strategy="steps", eval_steps=6)
    run(by_steps)
    assert list(seen.evaluations) == [6, 12, 18]
    by_epochs, seen = make_trainer(eval_strategy="epoch")
    run(by_epochs)
    assert list(seen.evaluations) == [7, 14, 21]
    assert by_epochs.get_last_eval_metrics() == seen.evaluations[21]


def test_evaluating_does_not_change_the_training(make_trainer) -> None:
    without, _ = make_trainer()
    often, _ = make_trainer(eval_strategy="steps", eval_steps=1)
    run(without)
    run(often)
    assert_same_weights(without, often)


def test_the_evaluation_loss_is_the_mean_over_all_samples(
    make_trainer, dataset
) -> None:
    trainer, _ = make_trainer(per_device_eval_batch_size=7)
    trainer.model.eval()
    with torch.no_grad():
        whole = trainer.model(**dataset.take(torch.arange(len(dataset))))["loss"]
    assert trainer.evaluate()["eval_loss"] == pytest.approx(whole.item(), abs=1e-6)


def test_bf16_autocast_keeps_float32_weights_and_learns(make_trainer) -> None:
    trainer, recorder = make_trainer(mixed_precision_dtype="bf16", num_train_epochs=20)
    run(trainer)
    losses = list(recorder.losses.values())
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
    assert sum(losses[-7:]) < 0.8 * sum(losses[:7])


def test_frozen_parameters_stay_as_they_are(make_trainer) -> None:
    trainer, _ = make_trainer()
    trainer.model.embedding.weight.requires_grad_(False)
    before = trainer.model.embedding.weight.clone()
    run(trainer)
    assert torch.equal(trainer.model.embedding.weight, before)


class Asking(TrainingCallback):
    """Asks for something after some steps."""

    def __init__(self, **requests) -> None:
        self.requests = requests

    def on_step_end(self, state) -> None:
        for name, (step, value) in self.requests.items():
            if state.global_step == step:
                setattr(state.requests, name, value)


def test_a_callback_can_ask_for_a_log_an_evaluation_a_checkpoint_and_the_end(
    make_trainer, tmp_path
) -> None:
    trainer, recorder = make_trainer(logging_steps=1000)
    asking = Asking(
        log=(2, True), evaluate=(3, True), save=(4, True), stop=(9, "enough")
    )
    trainer.parts.callbacks.append(asking)
    run(trainer)
    assert list(recorder.losses) == [2, 9]
    assert list(recorder.evaluations) == [3]
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["checkpoint-4"]
    assert trainer.state.global_step == 9
    assert trainer.state.requests.stop == "enough"
