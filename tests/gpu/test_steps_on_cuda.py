"""One optimizer step on a GPU: nothing in it waits, and a graph of it is the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_trainer
from oumi_runtime.builders.models.activation_checkpointing import checkpoint_activations
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # torch's own, when sync_debug_mode is set.
    pytest.mark.filterwarnings("ignore:Synchronization debug mode"),
    pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores"),
    pytest.mark.filterwarnings(r"ignore:\s*Online softmax"),
]

LEAST_STEPS, MOST_STEPS = 6, 14
ADAM = ["adamw", "adam"]
OTHERS = ["sgd", "lion", "muon", "adafactor"]


class Net(nn.Module):
    """Everything that is captured in its own way: dropout, batch norm, attention."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.embedding = nn.Embedding(50, 32)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(32, 4, 64, dropout, batch_first=True)
            for _ in range(2)
        )
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * 32, 5)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
        x = self.embedding(input_ids)  # (B, T, W)
        for layer in self.layers:
            x = layer(x)
        x = self.norm(self.conv(x.unsqueeze(1))).mean(2).flatten(1)
        logits = self.head(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class Waiting(TrainingCallback):
    """Makes torch raise where a step waits for the GPU, after the first few."""

    def __init__(self, num_steps: int) -> None:
        self._num_steps = num_steps
        self.num_watched = 0

    def on_step_end(self, state: TrainingState) -> None:
        is_watched = LEAST_STEPS <= state.global_step < self._num_steps
        torch.cuda.set_sync_debug_mode("error" if is_watched else "default")
        self.num_watched += is_watched


class Losses(TrainingCallback):
    def __init__(self) -> None:
        self.losses: list[float] = []

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        self.losses += [metrics["loss"]] if "loss" in metrics else []


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    with REGISTRY.isolated():
        yield
    torch.cuda.set_sync_debug_mode("default")


@pytest.fixture
def columns() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(0, 50, (400, 16), generator=generator)
    return {"input_ids": ids, "labels": (ids == 7).sum(1).clamp(max=4)}


Make = Callable[..., Any]


@pytest.fixture
def make(tmp_path: Path, columns: dict[str, torch.Tensor]) -> Make:
    def make(
        *callbacks: TrainingCallback,
        dtype: torch.dtype = torch.float32,
        dropout: float = 0.0,
        compile: bool = False,
        **params: Any,
    ) -> Any:
        torch.manual_seed(0)
        model = Net(dropout).to("cuda", dtype)
        if compile:
            model.compile()
        defaults = {
            "output_dir": str(tmp_path / "output"),
            "per_device_train_batch_size": 8,
            "max_steps": MOST_STEPS,
            "learning_rate": 1e-3,
            "logging_steps": 1000,
            "save_steps": 0,
        }
        return build_trainer(
            TrainingParams(**{**defaults, **params}),
            model=model,
            train_dataset=ColumnDataset(columns),
            callbacks=callbacks,
        )

    return make


def run(trainer: Any) -> None:
    torch.manual_seed(1)
    trainer.train()


WAITS = [
    *({"optimizer": name, "cuda_graphs": "off"} for name in (*ADAM, "sgd")),
    {"cuda_graphs": "on"},
    {"data_on_device": "off"},
    {"data_on_device": "off", "cuda_graphs": "on"},
    {"gradient_accumulation_steps": 3},
    {"ema_decay": 0.9},
    {"max_grad_norm": None},
    {"mixed_precision_dtype": "bf16"},
    {"mixed_precision_dtype": "fp16"},
    {"include_performance_metrics": True},
    {"dtype": torch.bfloat16},
    {"enable_gradient_checkpointing": True},
]


@pytest.mark.parametrize("params", WAITS, ids=str)
def test_a_step_does_not_wait_for_the_gpu(make: Make, params: dict[str, Any]) -> None:
    waiting = Waiting(MOST_STEPS)
    run(make(waiting, **params))
    assert waiting.num_watched == MOST_STEPS - LEAST_STEPS


@pytest.mark.parametrize("optimizer", OTHERS)
@pytest.mark.parametrize("precision", ["none", "bf16", "fp16"])
def test_every_optimizer_learns(make: Make, optimizer: str, precision: str) -> None:
    losses = Losses()
    trainer = make(
        losses,
        optimizer=optimizer,
        mixed_precision_dtype=precision,
        learning_rate=3e-2 if optimizer in ("sgd", "adafactor") else 1e-3,
        max_steps=150,
        logging_steps=1,
    )
    run(trainer)
    assert sum(losses.losses[-20:]) < 0.9 * sum(losses.losses[:20])


CAPTURED = [
    {},
    {"dropout": 0.1},
    {"warmup_steps": 8},
    {"ema_decay": 0.9},
    {"mixed_precision_dtype": "bf16"},
    {"dtype": torch.bfloat16},
    {"max_grad_norm": None},
    {"data_on_device": "off"},
    {"compile": True},
    {"optimizer": "adam"},
    {"enable_gradient_checkpointing": True, "dropout": 0.1},
]


@pytest.mark.parametrize("params", CAPTURED, ids=str)
def test_a_captured_step_does_what_the_step_does(
    make: Make, params: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    expected, found = Losses(), Losses()
    several = {"max_steps": 40, "logging_steps": 1, "lr_scheduler_type": "cosine"}
    plain = make(expected, cuda_graphs="off", **several, **params)
    run(plain)
    trainer = make(found, cuda_graphs="on", **several, **params)
    with caplog.at_level("INFO", "oumi_runtime"):
        run(trainer)
    assert "a step is one graph from now on" in caplog.text
    gap = 3e-2 if params.get("dtype") else 1e-3
    assert found.losses == pytest.approx(expected.losses, abs=gap)
    if "ema_decay" in params:
        averages = (each.parts.average.state_dict() for each in (plain, trainer))
        one, other = (each["averages"] for each in averages)
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-3)


def test_what_is_recomputed_in_a_graph_drops_the_same_units(make: Make) -> None:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4096))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(self.weight * x, 0.5)

    model = nn.Sequential(Dropping()).to("cuda")
    checkpoint_activations(model, {})
    x = torch.ones(4096, device="cuda")

    def passes() -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        y = model(x)
        (y * 3).sum().backward()
        return y.detach(), model[0].weight.grad

    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            y, gradient = passes()
    torch.cuda.synchronize()
    assert torch.equal(y != 0, gradient != 0)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        y, gradient = passes()
    seen = []
    for _ in range(3):
        graph.replay()
        assert torch.equal(y != 0, gradient != 0)
        seen.append((y != 0).clone())
    assert not torch.equal(seen[0], seen[1])


def test_dropout_draws_anew_in_every_replay(make: Make) -> None:
    losses = Losses()
    trainer = make(
        losses,
        cuda_graphs="on",
        dropout=0.5,
        learning_rate=0.0,
        per_device_train_batch_size=400,
        logging_steps=1,
    )
    run(trainer)
    assert len(set(losses.losses)) == MOST_STEPS


def test_a_bad_step_is_found_in_a_graph_and_not_applied(
    make: Make, columns: dict[str, torch.Tensor]
) -> None:
    from oumi_runtime.exceptions import NonFiniteLossError

    trainer = make(cuda_graphs="on", max_steps=50)
    weight = trainer.model.head.weight

    class Spoil(TrainingCallback):
        before = None

        def on_step_end(self, state: TrainingState) -> None:
            if state.global_step == 20:
                with torch.no_grad():
                    self.bias = trainer.model.head.bias.clone()
                    trainer.model.head.bias[0] = float("nan")
                    self.before = weight.clone()

    spoil = Spoil()
    trainer.parts.callbacks.append(spoil)
    with pytest.raises(NonFiniteLossError, match="step 21"):
        run(trainer)
    assert torch.equal(weight, spoil.before)


class Cooling(TrainingCallback):
    """Freezes a layer and changes the weight decay, once each."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def on_step_end(self, state: TrainingState) -> None:
        if state.global_step == 20:
            self._trainer.optimizer.param_groups[0]["weight_decay"] = 0.5
        if state.global_step == 40:
            self._trainer.model.head.requires_grad_(False)


def test_a_step_is_captured_again_when_a_callback_changes_it(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[list[float]] = []
    for cuda_graphs in ("off", "on"):
        losses = Losses()
        trainer = make(losses, cuda_graphs=cuda_graphs, max_steps=60, logging_steps=1)
        trainer.parts.callbacks.append(Cooling(trainer))
        with caplog.at_level("INFO", "oumi_runtime"):
            run(trainer)
        seen.append(losses.losses)
    assert caplog.text.count("capturing the step again for new") == 2
    assert seen[1] == pytest.approx(seen[0], abs=1e-3)


def test_a_step_that_draws_on_the_cpu_is_not_captured(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make(cuda_graphs="on")
    trainer.model.head.register_forward_hook(lambda *_: torch.rand(()) and None)
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert "a step changes the random numbers of the CPU" in caplog.text


def test_out_of_memory_ends_in_smaller_micro_batches(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = make(
        split_on_out_of_memory=True, per_device_train_batch_size=256, max_steps=3
    )
    model, most = trainer.model, 60
    forward = model.layers[0].forward

    def hungry(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if len(x) > most:
            torch.empty(2**45, device="cuda")  # 32 TiB
        return forward(x, *args, **kwargs)

    model.layers[0].forward = hungry
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert "continuing with 32 at a time" in caplog.text
