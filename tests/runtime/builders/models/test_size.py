"""Models that cannot fit are refused before any of their weights are there."""

import math
import random
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_model
from oumi_runtime.builders.models import size
from oumi_runtime.builders.models.size import count_on_meta
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.exceptions import ModelBuildError


class Waves(nn.Module):
    """Computes with tensors in its constructor, in the usual ways."""

    def __init__(self, length: int = 50, width: int = 16) -> None:
        super().__init__()
        positions = torch.arange(length).unsqueeze(1)
        steps = torch.arange(0, width, 2).float() * (-math.log(10000.0) / width)
        table = torch.zeros(length, width)
        table[:, 0::2] = torch.sin(positions * torch.exp(steps))
        table[:, 1::2] = torch.cos(positions * torch.exp(steps))
        self.register_buffer("table", table)
        self.register_buffer("rates", 1.0 / (10000 ** (torch.arange(0, 8, 2) / 8)))
        self.weight = nn.Parameter(torch.randn(width, width) / math.sqrt(width))
        nn.init.orthogonal_(self.weight)
        self.layer = nn.Linear(width, 3, dtype=torch.bfloat16)
        self.noise = random.random()
        print("made")


def test_numbers_are_counted_by_type_without_making_them() -> None:
    assert count_on_meta(lambda: Waves(width=20)) == {
        torch.float32: 50 * 20 + 4 + 20 * 20,
        torch.bfloat16: 20 * 3 + 3,
    }
    assert count_on_meta(lambda: Waves(length=10**9, width=2000))[torch.float32] == (
        10**9 * 2000 + 4 + 2000 * 2000
    )


def test_counting_leaves_random_numbers_and_the_screen_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch.manual_seed(1)
    random.seed(1)
    uncounted = (torch.rand(3).tolist(), random.random())
    torch.manual_seed(1)
    random.seed(1)
    count_on_meta(Waves)
    count_on_meta(lambda: torch.bernoulli(torch.rand(4, device="cpu")))
    assert (torch.rand(3).tolist(), random.random()) == uncounted
    assert capsys.readouterr().out == ""


def test_counting_a_small_model_takes_milliseconds() -> None:
    count_on_meta(Waves)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        count_on_meta(Waves)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02


def test_counting_does_not_load_the_compiler_of_torch() -> None:
    program = (
        "import sys, torch\n"
        "from oumi_runtime.builders.models.size import count_on_meta\n"
        "def make():\n"
        "    rates = torch.exp(torch.arange(0, 8, 2).float() * -0.5) / 3\n"
        "    layer = torch.nn.Linear(4, 4)\n"
        "    torch.nn.init.normal_(layer.weight, std=0.02)\n"
        "    return layer\n"
        "assert count_on_meta(make).total() == 20\n"
        "print('torch._dynamo.eval_frame' in sys.modules)\n"
    )
    done = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert done == "False\n"


def test_a_constructor_that_needs_values_is_not_counted() -> None:
    def needs_a_value() -> nn.Module:
        return nn.Linear(int(torch.ones(2).sum().item()), 10**9)

    assert count_on_meta(needs_a_value) == {}


def test_a_model_that_cannot_fit_is_refused_with_the_arithmetic() -> None:
    @register("Huge", RegistryType.MODEL)
    class Huge(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.layer = nn.Linear(width, width, bias=False)

    params = ModelParams(
        model_name="huge", model_kwargs={"width": 10**6}, device_map="cpu"
    )
    with pytest.raises(ModelBuildError) as caught:
        build_model(params)
    said = str(caught.value)
    assert "1,000,000,000,000 numbers x 4 bytes (float32) = 4000.0 GB" in said
    assert "cpu has" in said
    assert "\n" not in said


def test_on_another_device_the_type_that_is_asked_for_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = {"cpu": 10**9, "cuda": 150 * 10**6}
    monkeypatch.setattr(size, "free_bytes", lambda device: free[device.type])
    cuda = torch.device("cuda")

    def make() -> nn.Module:
        return nn.Linear(10_000, 5_000, bias=False)

    size.refuse_too_large("It", make, dtype=torch.bfloat16, device=cuda)
    with pytest.raises(ModelBuildError, match=r"0\.2 GB of weights, and cuda has 0\.1"):
        size.refuse_too_large("It", make, dtype=None, device=cuda)
    free["cpu"] = 150 * 10**6
    with pytest.raises(ModelBuildError, match="and cpu has"):
        size.refuse_too_large("It", make, dtype=torch.bfloat16, device=cuda)


def test_memory_is_never_refused_to_a_small_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(size, "free_bytes", lambda device: 0)
    size.refuse_too_large("It", lambda: nn.Linear(9, 9), dtype=None, device=None)
