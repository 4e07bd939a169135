"""GPUs are tried, and what is wrong with them is said with a cure."""

import shutil
from types import SimpleNamespace

import pytest
import torch

from oumi_runtime.core.hardware import examine_gpus, examine_memory

GB = 10**9


def test_there_are_cores_and_memory():
    assert examine_memory().is_usable
    assert "CPU cores" in examine_memory().sentence


def test_a_machine_without_a_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert examine_gpus() == []


@pytest.mark.parametrize(
    ("cuda", "cure"),
    [
        (None, "is built for CPUs alone: install a build for CUDA"),
        ("13.0", "finds no GPU: see what nvidia-smi and CUDA_VISIBLE_DEVICES say"),
    ],
)
def test_a_driver_without_a_usable_gpu_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, cuda, cure: str
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    ((is_usable, sentence),) = examine_gpus()
    assert not is_usable
    assert sentence.startswith("there is an NVIDIA driver, but torch ")
    assert sentence.endswith(cure)


@pytest.mark.parametrize("kernels", ["whole", "missing", "wrong"])
def test_something_is_computed_on_each_gpu(
    monkeypatch: pytest.MonkeyPatch, kernels: str
):
    ones = torch.ones

    def made(*size: int, device: str) -> torch.Tensor:
        if kernels == "missing" and device == "cuda:1":
            raise RuntimeError("no kernel image is available\nfor execution")
        return ones(*size) * (2 if kernels == "wrong" and device == "cuda:1" else 1)

    monkeypatch.setattr(torch, "ones", made)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    about = SimpleNamespace(name="NVIDIA H200")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: about)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda index: (139 * GB, 150 * GB))
    first, second = examine_gpus()
    memory = "150 GB of memory, of which 139 GB are free"
    assert first == (True, f"cuda:0 is an NVIDIA H200, {memory}")
    assert (
        second
        == {
            "whole": (True, f"cuda:1 is an NVIDIA H200, {memory}"),
            "missing": (False, "cuda:1 cannot be used: no kernel image is available"),
            "wrong": (False, "cuda:1 (NVIDIA H200) multiplies wrongly"),
        }[kernels]
    )
