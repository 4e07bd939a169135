"""What tensors are packed into is what the safetensors package writes and reads."""

import mmap

import pytest
import torch
from safetensors.torch import load, save

from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.models.tensor_files import DTYPES


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes()


def packed(tensors: dict[str, torch.Tensor], **metadata: str) -> bytes:
    return bytes(pack_tensors(tensors, metadata))


@pytest.mark.parametrize(("shape", "name"), [((2, 3), "weight"), ((), 'a "ü" \n')])
@pytest.mark.parametrize("dtype", DTYPES.values())
def test_a_tensor_of_any_kind_is_read_back(dtype, shape, name) -> None:
    tensor = torch.arange(1, 7).to(dtype).reshape(2, 3)
    tensor = tensor if shape else tensor[0, 2].clone()
    ((found, read),) = load(packed({name: tensor})).items()
    assert found == name
    assert read.dtype == dtype
    assert raw(read) == raw(tensor)


def test_tensors_of_a_width_are_written_byte_for_byte_as_by_the_package() -> None:
    tensors = {name: torch.randn(3, 5) for name in ("z", "layer.1", "layer.0")}
    tensors["nothing"] = torch.zeros(0, 4)
    assert packed(tensors, format="pt") == save(tensors, {"format": "pt"})
    assert packed({}) == save({})


def test_tensors_of_many_widths_begin_at_multiples_of_theirs() -> None:
    tensors = {
        f"{i}": torch.ones(i + 1, dtype=d) for i, d in enumerate(DTYPES.values())
    }
    read = load(packed(tensors))
    assert read.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert raw(read[name]) == raw(tensor)


@pytest.mark.parametrize(
    ("size", "fills_pages"),
    [(mmap.PAGESIZE, True), (5 * 2**16 + 8, True), (24, False), (2**16 + 1, False)],
)
def test_a_large_file_ends_with_a_page_if_it_can(size, fills_pages) -> None:
    content = packed({"bytes": torch.ones(size, dtype=torch.uint8)})
    assert (len(content) % mmap.PAGESIZE == 0) == fills_pages
    assert load(content)["bytes"].sum() == size


def test_what_becomes_of_a_tensor_later_does_not_matter() -> None:
    tensor = torch.zeros(1000, requires_grad=True)
    content = pack_tensors({"weight": tensor})
    with torch.no_grad():
        tensor.fill_(1.0)
    assert torch.equal(load(bytes(content))["weight"], torch.zeros(1000))


def test_tensors_of_any_strides_that_share_memory_are_each_whole() -> None:
    matrix = torch.randn(3, 4)
    tensors = {"a": matrix.t(), "b": matrix[:, ::2], "c": matrix[1].expand(5, 4)}
    read = load(packed(tensors))
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())


def test_what_the_format_cannot_hold_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="odd is torch"):
        packed({"odd": torch.zeros(2, dtype=torch.complex128)})
