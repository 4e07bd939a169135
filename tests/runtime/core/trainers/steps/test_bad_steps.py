"""Numbers gone wrong stop the training, are named, and reach no weight."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.steps import bad_steps
from oumi_runtime.core.trainers.steps.replay import find_not_finite
from oumi_runtime.exceptions import ConfigError, NonFiniteLossError

NAN = float("nan")


def poison(trainer, what: str, steps: set[int]) -> None:
    """Plants a NaN in some steps, counted from 0; it depends on the step alone."""
    model, state = trainer.model, trainer.state

    def is_due() -> bool:
        # A step that is made again is counted already.
        return state.global_step in steps or (
            state.global_step - 1 in steps and replaying
        )

    replaying = False
    original = find_not_finite

    def watched(*args, **kwargs):
        nonlocal replaying
        replaying = True
        try:
            return original(*args, **kwargs)
        finally:
            replaying = False

    bad_steps.find_not_finite = watched  # `unwatched` puts the original back.
    if what == "activation":
        model.dropout.register_forward_hook(
            lambda module, inputs, output: output * NAN if is_due() else None
        )
    elif what == "gradient":
        model.embedding.weight.register_hook(
            lambda gradient: gradient * NAN if is_due() else None
        )
    elif what == "loss":
        model.register_forward_hook(
            lambda module, inputs, outputs: (
                {**outputs, "loss": outputs["loss"] * NAN} if is_due() else None
            )
        )
    elif what == "weight":
        # The weights themselves, as a step of a broken optimizer would leave them.
        def plant(module, inputs):
            if state.global_step in steps:
                with torch.no_grad():
                    model.classifier.weight[0, 0] = NAN

        model.register_forward_pre_hook(plant)


@pytest.fixture(autouse=True)
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_steps, "find_not_finite", find_not_finite)


def report(tmp_path: Path) -> list[dict]:
    return json.loads((tmp_path / "output" / "not_finite.json").read_text())


CULPRITS = {
    "activation": ("output", "dropout"),
    "gradient": ("gradient", "embedding.weight"),
    "loss": ("output", ""),
    "weight": ("weight", "classifier.weight"),
}


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize("step", [0, 1, 6, 13, 30])
@pytest.mark.parametrize("what", CULPRITS)
def test_it_stops_at_once_and_names_the_place(
    make_trainer, tmp_path, what: str, step: int, accumulation: int
) -> None:
    trainer, _ = make_trainer(
        num_train_epochs=8,
        save_steps=5,
        logging_steps=1000,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=accumulation,
    )
    poison(trainer, what, {step})
    torch.manual_seed(1)
    saved = step - step % 5
    good = rf"checkpoint-{saved}\." if saved else "no checkpoint was saved yet"
    with pytest.raises(NonFiniteLossError, match=rf"at step {step + 1}: .*{good}"):
        trainer.train()
    (found,) = report(tmp_path)
    field, name = CULPRITS[what]
    assert found[field] == name
    assert found["step"] == step + 1
    assert len(found["samples"]) in (4 * accumulation, 2)
    assert trainer.checkpoints.latest() == (
        tmp_path / "output" / f"checkpoint-{saved}" if saved else None
    )


@pytest.mark.parametrize("micro_batch", [0, 1])
@pytest.mark.parametrize("step", [0, 1, 30])
def test_a_sample_that_is_not_finite_is_named(
    make_trainer, tmp_path, step: int, micro_batch: int
) -> None:
    features = torch.randn(260, 3)

    class Rows(torch.utils.data.Dataset):
        dataset_name = "measurements"

        def __len__(self):
            return len(features)

        def __getitem__(self, row):
            return {"features": features[row], "labels": torch.tensor(row % 3)}

    trainer, _ = make_trainer(
        train_dataset=Rows(),
        per_device_train_batch_size=4,
        gradient_accumulation_steps=2,
        save_steps=5,
    )
    row = trainer.parts.train_batches.indices(0, step)[4 * micro_batch + 2]
    features[row, 2] = math.inf
    model = trainer.model
    model.classifier.weight.data = model.classifier.weight.data[:, :3].contiguous()
    model.forward = lambda features, labels: {
        "loss": nn.functional.cross_entropy(
            nn.functional.linear(features, model.classifier.weight), labels
        )
    }
    with pytest.raises(NonFiniteLossError, match="the batch has one in 'features'"):
        trainer.train()
    (found,) = report(tmp_path)
    assert found["step"] == step + 1
    assert f"row {row + 1} of dataset 'measurements'" in found["samples"]
    good = tmp_path / "output" / f"checkpoint-{step - step % 5}"
    assert trainer.checkpoints.latest() == (good if step >= 5 else None)


@pytest.mark.parametrize("what", ["activation", "gradient", "loss"])
def test_the_weights_are_those_before_the_bad_step(make_trainer, what: str) -> None:
    stopped, _ = make_trainer(max_steps=21)
    poison(stopped, what, {5})
    torch.manual_seed(1)
    with pytest.raises(NonFiniteLossError):
        stopped.train()
    good, _ = make_trainer(max_steps=21)
    good.parts.callbacks[0].on_step_end = lambda state: setattr(
        state.requests, "stop", "enough" if state.global_step == 5 else None
    )
    torch.manual_seed(1)
    good.train()
    for left, right in zip(
        stopped.model.parameters(), good.model.parameters(), strict=True
    ):
        assert torch.equal(left, right)


def test_as_many_as_may_be_are_left_out(make_trainer, tmp_path, caplog) -> None:
    trainer, recorder = make_trainer(max_bad_steps=2)
    poison(trainer, "gradient", {3, 4, 9})
    trainer.train()
    assert trainer.state.global_step == 21
    assert [each["step"] for each in report(tmp_path)] == [4, 5, 10]
    assert "skipped step 4" in caplog.text
    assert all(math.isfinite(loss) for loss in recorder.losses.values())
    assert trainer.scheduler.last_epoch == 21 - 3


def test_more_in_a_row_stop_it(make_trainer, tmp_path) -> None:
    trainer, _ = make_trainer(max_bad_steps=2, save_steps=2)
    poison(trainer, "loss", {3, 4, 5})
    with pytest.raises(NonFiniteLossError, match=r"at step 6: .*checkpoint-"):
        trainer.train()
    assert trainer.checkpoints.latest() is not None


def test_a_step_that_is_left_out_leaves_the_buffers_as_they_were(make_trainer) -> None:
    trainer, _ = make_trainer(max_bad_steps=1)
    model = trainer.model
    norm = nn.BatchNorm1d(8)
    model.dropout = nn.Sequential(nn.Identity(), norm)
    model.dropout[0].register_forward_hook(
        lambda m, i, output: output * NAN if trainer.state.global_step == 3 else None
    )
    trainer._bad_steps._model = model
    trainer.train()
    assert bool(norm.running_mean.isfinite().all())


def test_making_a_step_again_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = model

        def forward(self, x):
            return {"loss": self.body(x).sum()}

    net = Net()
    net.body[0].weight.grad = torch.ones(2, 2)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    batch = [({"x": torch.randn(4, 2, generator=torch.Generator())}, 1.0)]
    found = find_not_finite(net, batch, torch.enable_grad)
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(v, before[n]) for n, v in net.state_dict().items())
    assert torch.equal(net.body[0].weight.grad, torch.ones(2, 2))
    assert found.sentence(net) == "replaying the step gives none"


def test_the_trainer_of_transformers_leaves_no_steps_out() -> None:
    from oumi_runtime.core.configs import TrainingParams

    params = TrainingParams(trainer_type="hf", max_bad_steps=1)
    with pytest.raises(ConfigError, match="max_bad_steps: needs the native trainer"):
        params.finalize_and_validate()
