"""transformers.Trainer gives the native trainer's losses, and resumes too."""

import inspect
import warnings

import pytest
import torch

with warnings.catch_warnings():
    # transformers warns of its own deprecations when it is imported.
    warnings.simplefilter("ignore")
    import transformers

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.trainers import hf_trainer
from oumi_runtime.core.trainers.hf_loop import HuggingFaceLoop
from oumi_runtime.exceptions import CheckpointError, NonFiniteLossError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def run(trainer, resume_from: str | None = None) -> None:
    torch.manual_seed(42)
    trainer.train(resume_from)


def losses(recorder) -> list[float]:
    return list(recorder.losses.values())


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"gradient_accumulation_steps": 3},
        {"lr_scheduler_type": "cosine", "warmup_ratio": 0.2, "max_grad_norm": 0.1},
        {"optimizer": "sgd", "sgd_momentum": 0.9, "max_grad_norm": None},
        {"max_steps": 10},
    ],
    ids=["plain", "accumulation", "cosine", "sgd", "max_steps"],
)
def test_both_trainers_give_the_same_losses(make_trainer, params) -> None:
    native, native_losses = make_trainer(trainer_type="OUMI", **params)
    run(native)
    hf, hf_losses = make_trainer(trainer_type="HF", **params)
    run(hf)
    assert len(losses(hf_losses)) == native.state.total_steps
    assert losses(hf_losses) == pytest.approx(losses(native_losses), abs=1e-5)


def test_both_trainers_evaluate_alike(make_trainer) -> None:
    runs = [
        make_trainer(trainer_type=kind, eval_strategy="epoch")
        for kind in ("OUMI", "HF")
    ]
    for trainer, _ in runs:
        run(trainer)
    (_, native), (_, hf) = runs
    assert list(hf.evaluations) == list(native.evaluations) == [7, 14, 21]
    for step, metrics in native.evaluations.items():
        assert hf.evaluations[step] == pytest.approx(metrics, abs=1e-5)


@pytest.mark.parametrize("stop_at", [3, 7, 12])
def test_going_on_from_a_checkpoint_is_exact(make_trainer, tmp_path, stop_at) -> None:
    straight, expected = make_trainer(trainer_type="HF")
    run(straight)
    first, _ = make_trainer(trainer_type="HF", save_steps=stop_at)
    run(first)
    second, seen = make_trainer(trainer_type="HF")
    run(second, str(tmp_path / "output" / f"checkpoint-{stop_at}"))
    assert list(seen.losses) == list(range(stop_at + 1, 22))
    assert losses(seen) == losses(expected)[stop_at:]


def test_checkpoints_hold_no_pickle(make_trainer, tmp_path) -> None:
    trainer, _ = make_trainer(trainer_type="HF", save_epoch=True, num_train_epochs=1)
    run(trainer)
    names = {path.name for path in (tmp_path / "output" / "checkpoint-7").iterdir()}
    assert names == {
        "config.json",
        "manifest.json",
        "model.safetensors",
        "trainer_state.json",
        "training_state.json",
        "training_state.safetensors",
    }


@pytest.mark.parametrize(("saved_by", "resumed_by"), [("OUMI", "HF"), ("HF", "OUMI")])
def test_the_other_trainers_checkpoint_is_refused(
    make_trainer, tmp_path, saved_by, resumed_by
) -> None:
    first, _ = make_trainer(trainer_type=saved_by, save_steps=2, max_steps=2)
    run(first)
    other, _ = make_trainer(trainer_type=resumed_by)
    with pytest.raises(
        CheckpointError, match=f"training.trainer_type: {saved_by.lower()}"
    ):
        run(other, str(tmp_path / "output" / "checkpoint-2"))


def test_a_loss_of_nan_stops_the_training(make_trainer, tmp_path) -> None:
    trainer, _ = make_trainer(
        trainer_type="HF", learning_rate=1e30, save_steps=5, logging_steps=10
    )
    with pytest.raises(NonFiniteLossError):
        run(trainer)
    assert not list((tmp_path / "output").glob("checkpoint-*"))


def test_one_process_trains_on_one_gpu(monkeypatch) -> None:
    def two_gpus(arguments: transformers.TrainingArguments) -> torch.device:
        arguments._n_gpu = 2
        return torch.device("cpu")

    kind = transformers.TrainingArguments
    monkeypatch.setattr(kind, "_setup_devices", property(two_gpus))
    params = TrainingParams(per_device_train_batch_size=8)
    found = hf_trainer._to_hf(params, 10, torch.device("cpu"))
    assert found.n_gpu == 1
    assert found.train_batch_size == 8


@pytest.mark.parametrize(
    "name",
    [
        "get_train_dataloader",
        "compute_loss",
        "_get_num_items_in_batch",
        "_save_checkpoint",
        "_load_from_checkpoint",
        "_load_optimizer_and_scheduler",
        "_load_rng_state",
    ],
)
def test_transformers_still_has_the_methods_that_the_loop_replaces(name) -> None:
    ours, theirs = (
        list(inspect.signature(getattr(kind, name)).parameters)
        for kind in (HuggingFaceLoop, transformers.Trainer)
    )
    assert ours == theirs
