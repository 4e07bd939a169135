"""What a step frees is there for the next one."""

import json
import subprocess
import sys

import pytest
import torch

from oumi_runtime.builders.training import host_memory
from oumi_runtime.builders.training.host_memory import keep_freed_memory

# Pieces of 40 MB: glibc asks the system for each above 32 MB, unless told not to.
PROGRAM = """
import resource, sys, torch
from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.models import MLPEncoder

columns = {"input_ids": torch.zeros(2, 3, dtype=torch.long), "labels": torch.ones(2)}
params = TrainingParams(output_dir=sys.argv[1], keep_freed_memory=sys.argv[2])
build_trainer(params, model=MLPEncoder(9, 4, 2), train_dataset=ColumnDataset(columns))
for step in range(30):
    if step == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pieces = [torch.ones(10 * 2**20) for _ in range(4)]
    del pieces
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
is_glibc = host_memory._glibc() is not None


@pytest.mark.slow
@pytest.mark.skipif(not is_glibc, reason="only glibc can do it")
def test_memory_that_is_kept_is_not_asked_for_again(tmp_path) -> None:
    def page_faults(keep_freed_memory: str) -> int:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), keep_freed_memory]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    # The least where the system hands out pages of 2 MB.
    pieces_of_2_mb = 20 * 4 * 20
    asked_again = page_faults(keep_freed_memory="off")
    assert asked_again >= pieces_of_2_mb / 2
    assert page_faults(keep_freed_memory="auto") < asked_again / 10


@pytest.mark.parametrize(
    ("device", "choice", "variable", "expected"),
    [
        ("cpu", "auto", None, is_glibc),
        ("cpu", "auto", "MALLOC_ARENA_MAX", False),
        ("cpu", "on", "MALLOC_ARENA_MAX", is_glibc),
        ("meta", "auto", None, False),
        ("cpu", "off", None, False),
    ],
)
def test_auto_is_for_the_main_memory_unless_the_user_has_a_say(
    monkeypatch, device, choice, variable, expected
) -> None:
    calls = []
    library = host_memory._glibc()
    if library is not None:
        monkeypatch.setattr(host_memory, "_glibc", lambda: Recorded(calls))
    for name in ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "1")
    assert keep_freed_memory(torch.device(device), choice) is expected
    assert bool(calls) is expected


def test_where_it_cannot_be_done_the_log_says_so(monkeypatch, caplog) -> None:
    monkeypatch.setattr(host_memory, "_glibc", lambda: None)
    assert not keep_freed_memory(torch.device("cpu"), "auto")
    assert caplog.text == ""
    assert not keep_freed_memory(torch.device("cpu"), "on")
    assert "this needs glibc; ignored" in caplog.text


class Recorded:
    """Notes what malloc is told, and changes nothing in this process."""

    def __init__(self, calls: list[tuple[int, int]]) -> None:
        self.calls = calls

    def mallopt(self, parameter: int, value: int) -> int:
        self.calls.append((parameter, value))
        return 1
