"""The saved form of a model: the files, and how they are written.

Reading them is `reading`'s work; which class to make of them, `BaseModel`'s.
"""

import functools
import json
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_model
from torch import nn

from oumi_runtime.core.files import free_bytes, is_disk_full, sync
from oumi_runtime.exceptions import DiskFullError, SavedModelError

WEIGHTS_FILENAME = "model.safetensors"
CONFIG_FILENAME = "config.json"


def write_files(
    model: nn.Module,
    weights: Path,
    config: Path | None,
    content: dict[str, Any],
) -> None:
    """Writes the weights and the config, each of which replaces an older one at once.

    Args:
        model: What to save; tied weights are stored once.
        weights: The safetensors file.
        config: The JSON file; None to write none.
        content: What the JSON file holds, besides the version of this package.

    Raises:
        SavedModelError: A tensor cannot be stored. Nothing has been changed then.
        DiskFullError: There is no room, and nothing has been changed.
    """
    weights.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=weights.parent, prefix=".saving-") as staging:
        staged = Path(staging) / weights.name
        try:
            save_model(model, str(staged), metadata={"format": "pt"})
        except (RuntimeError, ValueError, SafetensorError) as error:
            if is_disk_full(error):
                needed = sum(tensor.nbytes for tensor in model.state_dict().values())
                free = free_bytes(weights.parent)
                raise DiskFullError(weights, needed, free) from error
            raise SavedModelError(
                f"{type(model).__name__} cannot be saved: {one_line(error)}"
            ) from error
        if config is not None:
            (Path(staging) / config.name).write_bytes(config_bytes(content))
            sync(Path(staging) / config.name)
            (Path(staging) / config.name).replace(config)
        sync(staged)
        staged.replace(weights)
    sync(weights.parent)


def config_bytes(content: dict[str, Any]) -> bytes:
    """Returns the config file for this content, with the version of this package."""
    content = {**content, "oumi_scaffold_version": _distribution_version()}
    return (json.dumps(content, indent=2) + "\n").encode()


def stored_weights(
    model: nn.Module,
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Returns the tensors to store in a model's weights file.

    Returns:
        The tensors by name, without duplicates of tied ones; and for each name left
        out, the name that its tensor is stored under.

    Raises:
        SavedModelError: Two tensors share only a part of their memory, which the file
            format cannot express.
    """
    tensors: dict[str, torch.Tensor] = {}
    aliases: dict[str, str] = {}
    places: dict[tuple[Any, ...], str] = {}
    storages: dict[tuple[Any, ...], str] = {}
    for name, tensor in sorted(model.state_dict().items()):
        if tensor.numel() == 0:
            tensors[name] = tensor
            continue
        storage = (tensor.device, tensor.untyped_storage().data_ptr())
        place = (storage, tensor.storage_offset(), tensor.shape, tensor.stride())
        if place in places:
            aliases[name] = places[place]
            continue
        if storage in storages:
            raise SavedModelError(
                f"{type(model).__name__} cannot be saved: {name} shares a part of its "
                f"memory with {storages[storage]}; give it its own, with clone()"
            )
        places[place] = storages[storage] = name
        tensors[name] = tensor
    return tensors, {"format": "pt", **aliases}


def one_line(error: BaseException) -> str:
    """Returns the error's text, shortened, without torch's heading and line breaks."""
    lines = [" ".join(line.split()) for line in str(error).strip().splitlines()]
    if lines and lines[0].startswith("Error(s) in loading state_dict"):
        lines = lines[1:]
    text = "; ".join(line.rstrip(".") for line in lines if line)
    return text if len(text) <= 300 else text[:300] + " ..."


@functools.cache
def _distribution_version() -> str:
    try:
        return version("oumi-scaffold")
    except PackageNotFoundError:  # Run from source, by PYTHONPATH.
        return "unknown"
