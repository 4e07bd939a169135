"""The slow checks: sound models pass, and each catches what it is for."""

import contextlib

import pytest
import torch
from faulty_models import faulty
from sound_models import CLASSES, SOUND, WIDTH, Sound
from torch import nn

from oumi_runtime.testing import CHECKS, NotApplicableError, Outcome, run_checks

SLOW = [check for check in CHECKS if check.is_slow]

pytestmark = [
    pytest.mark.slow,
    # torch's own, of its tracing and of its profiler.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Prints(Sound):
    def encode(self, x):
        torch._dynamo.graph_break()
        return super().encode(x)


class DecidesOnLength(Sound):
    def encode(self, x):
        return super().encode(x) * (2 if x.shape[1] % 2 else 3)


class FixedBatch(Sound):
    def encode(self, x):
        return super().encode(x).view(4, -1, WIDTH)


class HiddenState(Sound):
    """Keeps a running number that no checkpoint holds."""

    def __init__(self) -> None:
        super().__init__()
        self.level = 1.0

    def head(self, logits):
        if self.training:
            self.level *= 1.1
        return logits * self.level


class CountsCalls(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.calls = nn.Linear(WIDTH, WIDTH), 0

    def forward(self, x):
        self.calls += 1
        return self.layer(x * torch.tensor(float(self.calls)))


class LayersThatCount(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CountsCalls() for _ in range(2))

    def encode(self, x):
        for layer in self.layers:
            x = layer(x)
        return super().encode(x)


class SometimesUsed(Sound):
    """Uses a layer only where the first label is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = nn.Linear(CLASSES, CLASSES)

    def loss(self, logits, labels):
        if labels[0] == 0:
            logits = self.extra(logits)
        return super().loss(logits, labels)


class KeepsLosses(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.__dict__["kept"] = []

    def loss(self, logits, labels):
        loss = super().loss(logits, labels)
        self.kept.append(loss)
        return loss


@pytest.mark.parametrize(
    "name", ["sound", "causal_lm", "cnn", "recurrent", "fixed_length", "batch_norm"]
)
@pytest.mark.parametrize("check", SLOW, ids=lambda check: check.name)
def test_a_sound_model_passes(name, check):
    with contextlib.suppress(NotApplicableError):
        check(SOUND[name])


def test_a_recurrent_layer_is_no_graph_break_of_the_models():
    case = SOUND["recurrent"]
    (result,) = run_checks(
        case.make_model, case.make_batch, select=["compiled_model_is_one_graph"]
    )
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert result.message == "torch.compile leaves the graph at every GRU"


@pytest.mark.parametrize(
    ("model_class", "name", "sentence"),
    [
        (Prints, "compiled_model_is_one_graph", "cannot compile forward to one graph"),
        (DecidesOnLength, "new_sizes_do_not_compile_again", "2 graphs instead of 1"),
        (FixedBatch, "exported_model_computes_the_same", "torch.export refuses"),
        (
            HiddenState,
            "resumed_training_is_the_uninterrupted_one",
            "besides parameters and buffers",
        ),
        (
            LayersThatCount,
            "checkpointed_activations_change_nothing",
            "checkpointed activations change the gradient of",
        ),
        (
            SometimesUsed,
            "two_processes_have_the_gradient_of_one",
            "two processes",
        ),
        (
            KeepsLosses,
            "memory_does_not_grow_with_the_steps",
            "does forward store tensors from every call",
        ),
    ],
)
def test_a_fault_is_caught_and_named(model_class, name, sentence):
    case = faulty(model_class)
    (result,) = run_checks(case.make_model, case.make_batch, select=[name], slow=True)
    assert result.outcome is Outcome.FAILED
    assert sentence in result.message
