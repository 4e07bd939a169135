"""What a checkpoint copies from a GPU is whole before the next step changes it."""

import pytest
import torch
from safetensors.torch import load

from oumi_runtime.core.models import packed_tensors

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("most_pinned", [0, 2**30])
def test_tensors_are_whole_when_they_are_packed(
    monkeypatch: pytest.MonkeyPatch, most_pinned: int
) -> None:
    monkeypatch.setattr(packed_tensors, "_MOST_PINNED_BYTES", most_pinned)
    tensors = {f"{n}": torch.randn(2**22, device="cuda") for n in range(4)}
    tensors["rows"] = torch.randn(2**10, 2**10, device="cuda").t()
    tensors["step"] = torch.ones(())
    before = {name: tensor.clone().cpu() for name, tensor in tensors.items()}
    content = packed_tensors.pack_tensors(tensors)
    for tensor in tensors.values():
        tensor.zero_()
    read = load(bytes(content))
    assert all(torch.equal(read[name], tensor) for name, tensor in before.items())
