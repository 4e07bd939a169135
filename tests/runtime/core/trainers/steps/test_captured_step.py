"""Whether a step is captured is decided and said; what a GPU does is in tests/gpu."""

import contextlib
import itertools
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.batches.device_columns import DeviceColumns
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.log_window import LogWindow
from oumi_runtime.core.trainers.steps.captured_step import (
    CapturedStep,
    reason_against,
)
from oumi_runtime.core.trainers.steps.finite_check import FiniteCheck
from oumi_runtime.core.trainers.steps.train_step import StepNumbers
from oumi_runtime.exceptions import DeviceError

CPU = torch.device("cpu")


def run(trainer) -> None:
    torch.manual_seed(1)
    trainer.train()


def test_on_a_cpu_auto_says_why_not(make_trainer, caplog) -> None:
    with caplog.at_level("INFO", "oumi_runtime"):
        make_trainer(cuda_graphs="auto")
    assert "cuda_graphs: off, since the model is on the cpu" in caplog.messages


def test_on_a_cpu_on_is_refused(make_trainer) -> None:
    with pytest.raises(DeviceError, match="the model is on the cpu; write auto"):
        make_trainer(cuda_graphs="on")


def a_step_on_a_gpu(**changes) -> tuple[object, object, object]:
    """What `reason_against` looks at, where nothing is against it."""
    facts = {"device": "cuda", "capturable": True, "reads_at_once": False}
    facts |= {"scales": False, "mode": None} | changes
    weight = SimpleNamespace(device=torch.device(facts["device"]))
    model = SimpleNamespace(parameters=lambda: iter([weight]))
    parts = SimpleNamespace(
        parallelism=SimpleNamespace(model=model),
        optimizer=SimpleNamespace(defaults={"capturable": facts["capturable"]}),
        params=TrainingParams(
            gradient_accumulation_steps=facts.get("micro_batches", 1),
            compile=facts["mode"] is not None,
            compile_kwargs={"mode": facts["mode"]},
            optimizer="lion",
        ),
    )
    step = SimpleNamespace(finite=SimpleNamespace(reads_at_once=facts["reads_at_once"]))
    return step, parts, SimpleNamespace(is_enabled=lambda: facts["scales"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"mode": "default"}, None),
        ({"device": "cpu"}, "the model is on the cpu"),
        ({"scales": True}, "float16 gradient scaling"),
        ({"capturable": False}, "lion cannot be captured"),
        ({"reads_at_once": True}, "the loss of each step is read"),
        ({"micro_batches": 2}, "several micro-batches"),
        ({"mode": "reduce-overhead"}, "graphs of its own in mode reduce-overhead"),
    ],
)
def test_what_cannot_be_captured_is_not_tried(changes, reason) -> None:
    found = reason_against(*a_step_on_a_gpu(**changes))
    assert (found is None) if reason is None else (reason in found)


class Graph:
    """Stands in for a graph: a replay makes the step that was captured.

    As in a graph, the rates are what the optimizer read when it was captured: numbers
    stay as they were, tensors hold what was written to them since.
    """

    def __init__(self) -> None:
        self.replays = 0
        self.is_capturing = False

    @contextlib.contextmanager
    def capturing(self, pool: object, stream: object, capture_error_mode: str):
        assert (pool, capture_error_mode) == ("pool", "thread_local")
        self.is_capturing = True
        try:
            yield
        except RuntimeError:
            raise RuntimeError("failed due to a previous error") from None
        finally:
            self.is_capturing = False

    def replay(self) -> None:
        self.replays += 1
        self.step()


class Gpu:
    """Stands in for what a capture changes on a GPU."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.put_back: list[object] = []
        self.generator = SimpleNamespace(
            clone_state=lambda: "random state",
            graphsafe_set_state=self.put_back.append,
        )

    def make_graph(self) -> Graph:
        self.graphs.append(Graph())
        return self.graphs[-1]


@pytest.fixture
def gpu(monkeypatch) -> Gpu:
    gpu = Gpu()
    nothing = dict.fromkeys(("__init__", "wait_stream", "synchronize"), lambda *_: None)
    stream = type("Stream", (), nothing)
    for name, stand_in in (
        ("CUDAGraph", gpu.make_graph),
        ("Stream", stream),
        ("current_stream", stream),
        ("stream", lambda stream: contextlib.nullcontext()),
        ("set_stream", lambda stream: gpu.put_back.append("stream")),
        ("current_device", lambda: 0),
        ("default_generators", [gpu.generator]),
        ("graph_pool_handle", lambda: "pool"),
        ("graph", Graph.capturing),
    ):
        monkeypatch.setattr(torch.cuda, name, stand_in)
    for name in ("_cuda_endAllocateToPool", "_cuda_releasePool"):
        told = partial(lambda *facts: gpu.put_back.append(facts), name)
        monkeypatch.setattr(torch._C, name, told, raising=False)
    return gpu


@pytest.fixture
def make_trainer(make_trainer):
    """Without dropout, which draws on the CPU here, as no model on a GPU does."""
    return partial(make_trainer, dropout=0.0)


def captured(make_trainer, gpu: Gpu, *, fails: bool = False, **params):
    """A trainer whose step is captured by the stand-in."""
    trainer, recorder = make_trainer(**params)
    step = trainer.step
    step.finite = FiniteCheck(trainer.optimizer, CPU, reads_at_once=False)
    trainer._log_window = LogWindow(step.finite.loss_sum)
    original = step.change_parameters

    def change(micro_batches):
        if not (gpu.graphs and gpu.graphs[-1].is_capturing):
            return original(micro_batches)
        if fails:
            raise RuntimeError("operation not permitted\nwhen capturing")
        numbers = StepNumbers(torch.zeros(()), {}, torch.zeros(()))
        groups = trainer.optimizer.param_groups
        rates = [group["lr"] for group in groups]
        given, (micro_batch,) = trainer.step._input, micro_batches

        def replayed() -> None:
            plain = [group["lr"] for group in groups]
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate
            gathered = micro_batch._replace(columns=given.batch())
            found, _ = original([gathered])
            for group, rate in zip(groups, plain, strict=True):
                group["lr"] = rate
            numbers.loss.copy_(found.loss)
            numbers.grad_norm.copy_(found.grad_norm)

        gpu.graphs[-1].step = replayed
        return numbers, True

    step.change_parameters = change
    trainer.step = CapturedStep(step, trainer.parts)
    return trainer, recorder


@pytest.fixture
def fixed_width(dataset):
    """Sequences of one length, so that batches have one shape but for the last."""
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(0, 20, (50, 4), generator=generator)
    labels = dataset.columns["labels"]
    mask = torch.ones_like(ids)
    return ColumnDataset({"input_ids": ids, "attention_mask": mask, "labels": labels})


def equal_losses(found: dict[int, float], expected: dict[int, float]) -> bool:
    return found.keys() == expected.keys() and list(found.values()) == pytest.approx(
        list(expected.values()), abs=1e-6
    )


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"warmup_steps": 12},
        {
            "warmup_steps": 12,
            "parameter_groups": [
                {"parameters": ["classifier.*"], "learning_rate": 0.2}
            ],
        },
    ],
    ids=["linear", "warm-up", "groups"],
)
def test_full_batches_are_replayed_and_the_last_is_not(
    make_trainer, gpu, fixed_width, params
) -> None:
    plain, expected = make_trainer(train_dataset=fixed_width, **params)
    run(plain)
    trainer, seen = captured(make_trainer, gpu, train_dataset=fixed_width, **params)
    run(trainer)
    # 7 steps an epoch, of which the last is ragged. The first three are eager.
    assert [graph.replays for graph in gpu.graphs] == [3 + 6 + 6]
    assert equal_losses(seen.losses, expected.losses)


def test_checkpoints_hold_plain_rates_and_are_gone_on_from_exactly(
    make_trainer, gpu, fixed_width, tmp_path
) -> None:
    params = {"train_dataset": fixed_width, "save_steps": 9, "warmup_steps": 12}
    straight, expected = captured(make_trainer, gpu, **params)
    run(straight)
    elsewhere = str(tmp_path / "resumed")
    resumed, seen = captured(make_trainer, gpu, output_dir=elsewhere, **params)
    resumed.train(str(tmp_path / "output" / "checkpoint-9"))
    assert [graph.replays for graph in gpu.graphs] == [15, 1 + 6]
    assert seen.losses == {n: expected.losses[n] for n in range(10, 22)}
    assert all(type(g["lr"]) is float for g in resumed.optimizer.param_groups)


def test_a_capture_that_fails_is_said_once_and_the_training_goes_on(
    make_trainer, gpu, fixed_width, caplog
) -> None:
    plain, expected = make_trainer(train_dataset=fixed_width)
    run(plain)
    trainer, seen = captured(make_trainer, gpu, fails=True, train_dataset=fixed_width)
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert (
        caplog.messages.count(
            "cuda_graphs: off, the capture failed: operation not permitted"
        )
        == 1
    )
    assert equal_losses(seen.losses, expected.losses)
    assert gpu.put_back == [
        "stream",
        "random state",
        ("_cuda_endAllocateToPool", 0, "pool"),
        ("_cuda_releasePool", 0, "pool"),
    ]


class CountedCalls(TorchDispatchMode):
    """Counts what a device would have to be told, between two replays."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not func.is_view:
            self.names.append(func.name())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("is_on_device", [False, True])
def test_little_is_launched_beside_the_graph(
    make_trainer, gpu, fixed_width, is_on_device
) -> None:
    data = DeviceColumns(fixed_width, CPU) if is_on_device else fixed_width
    trainer, _ = captured(
        make_trainer, gpu, train_dataset=data, logging_steps=100, max_steps=6
    )
    calls = CountedCalls()
    steps = trainer._steps_left()
    for step in itertools.islice(steps, 4):
        trainer._log_window.add(trainer.step(step))
    gpu.graphs[0].step = lambda: None
    with calls:
        for step in itertools.islice(steps, 2):
            trainer._log_window.add(trainer.step(step))
    indexing = [] if is_on_device else 3 * ["aten::index.Tensor"]
    assert calls.names == 2 * [*indexing, "aten::fill_.Scalar", "aten::_foreach_copy_"]


def test_samples_on_the_device_are_gathered_by_the_graph(
    make_trainer, gpu, fixed_width
) -> None:
    plain, expected = make_trainer(train_dataset=fixed_width)
    run(plain)
    there = DeviceColumns(fixed_width, CPU)
    trainer, seen = captured(make_trainer, gpu, train_dataset=there)
    gathered: list[bool] = []
    gather = there.gather

    def noted(indices, widths):
        gathered.append(bool(gpu.graphs) and gpu.graphs[-1].is_capturing)
        return gather(indices, widths)

    there.gather = noted
    run(trainer)
    assert gathered.count(True) == 1
    assert [graph.replays for graph in gpu.graphs] == [3 + 6 + 6]
    assert equal_losses(seen.losses, expected.losses)


def test_a_step_that_changes_the_host_is_not_captured(
    make_trainer, gpu, fixed_width, caplog
) -> None:
    trainer, _ = captured(make_trainer, gpu, train_dataset=fixed_width)

    def count(module, *_) -> None:
        module.calls = getattr(module, "calls", 0) + 1

    trainer.model.classifier.register_forward_hook(count)
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert not gpu.graphs
    (message,) = caplog.messages
    assert message == (
        "cuda_graphs: off, since a step changes calls of classifier, which a graph "
        "would not"
    )


class Decaying(TrainingCallback):
    """Changes what a graph knows as it was: an option, or a number of the model."""

    def __init__(self, trainer, *, at: range, of_model: bool) -> None:
        self.trainer, self.at, self.of_model = trainer, at, of_model
        trainer.model.scale = 1.0

    def on_step_end(self, state) -> None:
        if state.global_step not in self.at:
            return
        if self.of_model:
            self.trainer.model.scale *= 0.5
        else:
            self.trainer.optimizer.param_groups[0]["weight_decay"] += 0.1


@pytest.mark.parametrize("of_model", [False, True])
@pytest.mark.parametrize(
    ("at", "replays", "what_is_said"),
    [
        # Seven steps an epoch, of which the last is ragged; the first three are eager,
        # and two after the change.
        (range(17, 18), [12, 1 + 6], "capturing the step again for new"),
        (range(4, 22), [1], "off, since"),
    ],
)
def test_what_a_callback_changes_is_captured_again(
    make_trainer, gpu, fixed_width, caplog, of_model, at, replays, what_is_said
) -> None:
    params = {"train_dataset": fixed_width, "num_train_epochs": 4}
    plain, expected = make_trainer(**params)
    trainer, seen = captured(make_trainer, gpu, **params)
    for each in (plain, trainer):
        changing = Decaying(each, at=at, of_model=of_model)
        each.parts.callbacks.append(changing)
    run(plain)
    with caplog.at_level("INFO", "oumi_runtime"):
        run(trainer)
    assert [graph.replays for graph in gpu.graphs] == replays
    said = [m for m in caplog.messages if what_is_said in m]
    assert len(said) == 1
    assert ("scale of the model" if of_model else "weight_decay of") in said[0]
    assert equal_losses(seen.losses, expected.losses)
