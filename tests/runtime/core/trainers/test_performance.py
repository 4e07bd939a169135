"""The peak of a GPU is that of its own name, not of one that it begins with."""

import pytest
import torch

from oumi_runtime.core.trainers.performance import _peak_flops


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA B200", 2250),
        ("NVIDIA H200", 989),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA L40S", 362),
        ("NVIDIA L40", 181),
        ("NVIDIA L4", 121),
        ("Tesla T4", 65),
        ("NVIDIA A10", None),
    ],
)
def test_the_peak_of_a_gpu_is_known_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, tera: int | None
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    found = _peak_flops(torch.device("cuda"))
    assert found == (None if tera is None else pytest.approx(tera * 1e12))


def test_a_cpu_has_no_known_peak() -> None:
    assert _peak_flops(torch.device("cpu")) is None
