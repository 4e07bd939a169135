"""No step waits for the device, nor copies to it: from one without numbers it cannot.

Reading a number of the meta device raises. On a GPU, tests/gpu does the same by torch's
sync_debug_mode.
"""

import itertools
from typing import Any

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from oumi_runtime.builders import build_trainer
from oumi_runtime.builders.training import batches
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.steps import finite_check
from oumi_runtime.core.trainers.steps.finite_check import FiniteCheck

META = torch.device("meta")
VERDICT = "found_inf"
COPYING = (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
        self.norm = nn.BatchNorm1d(4)
        self.dropout = nn.Dropout(0.1)

    def forward(self, features: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
        x = features
        for layer in self.layers:
            x = self.dropout(torch.relu(layer(x)))
        return {"loss": nn.functional.cross_entropy(self.norm(x), labels)}


class Copies(TorchDispatchMode):
    """Notes what is copied from the CPU to the device or back."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        is_copy = func in (
            torch.ops.aten._to_copy.default,
            torch.ops.aten.copy_.default,
        )
        given = [each.device for each in args if isinstance(each, torch.Tensor)]
        if is_copy and len({*given, made.device}) > 1:
            self.names.append(func.name())
        return made


class Made(TorchFunctionMode):
    """Notes the tensors made of Python's numbers, which a GPU would wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        if func in (torch.tensor, torch.as_tensor) and made.is_meta:
            self.names.append(func.__name__)
        return made


def run(monkeypatch: pytest.MonkeyPatch, **params: Any) -> list[str]:
    """Makes four steps on the meta device; what was copied in them."""
    monkeypatch.setattr(batches, "free_bytes", lambda device: 10**9)
    columns = {"features": torch.rand(64, 4), "labels": torch.arange(64) % 4}
    trainer = build_trainer(
        TrainingParams(per_device_train_batch_size=4, max_steps=4, **params),
        model=Net().to(META),
        train_dataset=ColumnDataset(columns),
    )
    plain = trainer.step
    while hasattr(plain, "_step"):
        plain = plain._step
    # As with a fused optimizer on a GPU, which has kernels for these two.
    plain.finite = FiniteCheck(trainer.optimizer, META, reads_at_once=False)
    monkeypatch.setattr(finite_check.foreach, "unscale_", lambda *_: None)
    trainer.optimizer.register_step_pre_hook(lambda each, *_: delattr(each, VERDICT))
    steps = trainer._steps_left()
    made = [next(steps)]  # The indices of many batches are copied with the first.
    with Copies() as copies, Made() as numbers:
        for step in itertools.chain(made, itertools.islice(steps, 3)):
            trainer._bad_steps.before_step()
            trainer._log_window.add(trainer.step(step))
            if trainer.parts.average is not None:
                trainer.parts.average.update()
    return copies.names + numbers.names


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimizer": "adam"},
        {"max_grad_norm": None},
        {"gradient_accumulation_steps": 3},
        {"ema_decay": 0.9},
        {"include_performance_metrics": True},
        {"split_on_out_of_memory": True},
        {"enable_gradient_checkpointing": True},
    ],
    ids=str,
)
def test_a_step_neither_waits_nor_copies(monkeypatch, params) -> None:
    assert run(monkeypatch, **params) == []
