"""Whether a step is captured is decided and said; what a GPU does is in tests/gpu."""

import contextlib

import pytest
import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.steps.captured_step import CapturedStep
from oumi_runtime.exceptions import DeviceError


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


class Graph:
    """Stands in for a graph: a replay makes the step that was captured."""

    def __init__(self) -> None:
        self.replays = 0
        self.is_capturing = False

    @contextlib.contextmanager
    def capturing(self):
        self.is_capturing = True
        try:
            yield
        finally:
            self.is_capturing = False

    def replay(self) -> None:
        self.replays += 1
        self.step()


@pytest.fixture
def graphs(monkeypatch) -> list[Graph]:
    made: list[Graph] = []

    def make() -> Graph:
        made.append(Graph())
        return made[-1]

    stream = type("Stream", (), {"wait_stream": lambda self, other: None})
    for name, stand_in in (
        ("CUDAGraph", make),
        ("Stream", stream),
        ("current_stream", stream),
        ("stream", lambda stream: contextlib.nullcontext()),
        ("graph", Graph.capturing),
    ):
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return made


def captured(make_trainer, graphs, *, fails: bool = False, **params):
    """A trainer whose step is captured by the stand-in."""
    trainer, recorder = make_trainer(**params)
    step = trainer.step
    original = step.change_parameters

    def change(micro_batches):
        if not (graphs and graphs[-1].is_capturing):
            return original(micro_batches)
        if fails:
            raise RuntimeError("operation not permitted\nwhen capturing")
        loss, norm = torch.zeros(()), torch.zeros(())

        def replayed() -> None:
            found, found_norm, _ = original(micro_batches)
            loss.copy_(found)
            norm.copy_(found_norm)

        graphs[-1].step = replayed
        return loss, norm, True

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


def test_full_batches_are_replayed_and_the_last_is_not(
    make_trainer, graphs, fixed_width
) -> None:
    plain, expected = make_trainer(train_dataset=fixed_width)
    run(plain)
    trainer, seen = captured(make_trainer, graphs, train_dataset=fixed_width)
    run(trainer)
    # 7 steps an epoch, of which the last is ragged. The first three are eager.
    assert [graph.replays for graph in graphs] == [3 + 6 + 6]
    assert list(seen.losses.values()) == pytest.approx(
        list(expected.losses.values()), abs=1e-6
    )


def test_a_capture_that_fails_is_said_once_and_the_training_goes_on(
    make_trainer, graphs, fixed_width, caplog
) -> None:
    plain, expected = make_trainer(train_dataset=fixed_width)
    run(plain)
    trainer, seen = captured(
        make_trainer, graphs, fails=True, train_dataset=fixed_width
    )
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert (
        caplog.messages.count(
            "cuda_graphs: off, the capture failed: operation not permitted"
        )
        == 1
    )
    assert seen.losses == expected.losses
