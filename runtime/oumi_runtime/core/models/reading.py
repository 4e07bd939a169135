"""Reads the saved form of a model, and trusts nothing in it.

Nothing in the files is run, and nothing is allocated only because a file says so: the
header is checked against the file's size, and the model that the config asks for
against the header.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model
from torch import nn

from oumi_runtime.core.files import read_json
from oumi_runtime.core.models.allocation_budget import AllocationBudget
from oumi_runtime.core.models.saved_form import one_line
from oumi_runtime.core.models.tensor_files import TensorEntry, check_tensor_file
from oumi_runtime.exceptions import DeviceError, SavedModelError, UnsafeFileError

_MAX_TENSORS = 50_000
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
# What a model may allocate beside its weights while it is made: masks, tables.
_SPARE_BYTES = 256 * 2**20
_WORKING_COPIES = 8
_SPARE_TENSORS = 10_000


def read_config(config: Path) -> dict[str, Any]:
    """Reads the config; empty where there is none.

    Raises:
        SavedModelError: It is damaged, or no file.
    """
    try:
        content = read_json(config, config.parent)
    except FileNotFoundError:
        return {}
    except UnsafeFileError as error:
        raise SavedModelError(str(error)) from error
    if not isinstance(content, dict):
        raise SavedModelError(f"{config} holds no JSON object")
    for key, kind in (("init_kwargs", dict), ("model_type", str)):
        if key in content and not isinstance(content[key], kind):
            raise SavedModelError(f"{config}: {key} is not a {kind.__name__}")
    return content


def read_entries(weights: Path) -> dict[str, TensorEntry]:
    """Reads the header of a weights file, and checks it against the file's size.

    Raises:
        FileNotFoundError: The file does not exist.
        SavedModelError: It is damaged, or not in safetensors format.
    """
    try:
        return check_tensor_file(weights, _MAX_TENSORS)
    except UnsafeFileError as error:
        raise SavedModelError(str(error)) from error


@contextmanager
def budget_for(folder: Path, entries: dict[str, TensorEntry]) -> Iterator[None]:
    """Lets a model be made that is about as large as its weights file, and no larger.

    Args:
        folder: Where the model was saved.
        entries: What its weights file holds.

    Raises:
        SavedModelError: The config asks for a model that is much larger.
    """
    num_bytes = sum(entry.num_bytes for entry in entries.values())
    budget = AllocationBudget(
        _SPARE_BYTES + _WORKING_COPIES * num_bytes,
        _SPARE_TENSORS + _WORKING_COPIES * len(entries),
    )
    try:
        with budget:
            yield
    except MemoryError as error:
        raise SavedModelError(
            f"{folder} holds {num_bytes:,} bytes of weights, and its config asks for "
            f"a model that is far larger: {error}"
        ) from error


def load_weights(
    model: nn.Module,
    weights: Path,
    entries: dict[str, TensorEntry],
    *,
    strict: bool,
    map_location: str | torch.device,
) -> None:
    """Loads the weights into a model, in the dtypes they were saved in.

    Args:
        model: A model of the class and the arguments that were saved.
        weights: The safetensors file.
        entries: What `read_entries` found in it.
        strict: Whether the names must be exactly the model's, and the weights finite.
        map_location: The device to load to.

    Raises:
        SavedModelError: The file is damaged, or does not fit the model.
        DeviceError: This machine does not have the device.
    """
    try:
        model.to(torch.device(map_location))
    except (RuntimeError, AssertionError) as error:
        raise DeviceError(
            f"map_location is {str(map_location)!r}, which this machine does not have: "
            f"{one_line(error)}; use 'cpu'"
        ) from error
    try:
        _match_dtypes(model, entries)
        load_model(model, weights, strict=strict, device=str(map_location))
    except (RuntimeError, OSError, SafetensorError) as error:
        raise SavedModelError(
            f"{weights} does not fit {type(model).__name__}: {one_line(error)}"
        ) from error
    if strict and (name := first_not_finite(model.named_parameters())):
        raise SavedModelError(
            f"{weights} holds NaN or infinity in {name}; take an earlier one, or pass "
            "strict=False to look at it"
        )


def first_not_finite(tensors: Iterable[tuple[str, torch.Tensor]]) -> str | None:
    """Returns the name of the first tensor with NaN or infinity, or None.

    Args:
        tensors: Names and tensors of any dtype; not buffers, which may be masks that
            contain infinity.
    """
    for name, tensor in tensors:
        if tensor.dtype not in _FLOATS or tensor.numel() == 0 or tensor.is_meta:
            continue
        # Both pass NaN on, and need no memory of the tensor's size.
        lowest, highest = torch.aminmax(tensor.detach())
        if not bool(torch.isfinite(lowest) & torch.isfinite(highest)):
            return name
    return None


def _match_dtypes(model: nn.Module, entries: dict[str, TensorEntry]) -> None:
    """Gives the model's tensors the floating dtypes of the saved ones."""
    saved = {name: e.dtype for name, e in entries.items() if e.dtype in _FLOATS}
    own = {p.dtype for p in model.parameters() if p.is_floating_point()}
    if len(set(saved.values())) == 1 and set(saved.values()) != own:
        # All of it, with what a model keeps in buffers that are not saved.
        model.to(next(iter(saved.values())))
        return
    for name, tensor in chain(
        model.named_parameters(remove_duplicate=False),
        model.named_buffers(remove_duplicate=False),
    ):
        if name in saved and tensor.dtype != saved[name]:
            tensor.data = tensor.data.to(saved[name])
