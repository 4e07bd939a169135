"""The saved form of a model: the files, and what can be wrong with them.

Which class to make of them, and with which arguments, is `BaseModel`'s to decide.
"""

import json
import tempfile
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_model, save_model
from torch import nn

from oumi_runtime.exceptions import DeviceError, SavedModelError

WEIGHTS_FILENAME = "model.safetensors"
CONFIG_FILENAME = "config.json"
_FLOAT_DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
}


def write_files(
    model: nn.Module,
    weights: Path,
    config: Path | None,
    content: dict[str, Any],
) -> None:
    """Writes the weights and the config whole, each over an older one in one move.

    Args:
        model: What to save; tied weights are stored once.
        weights: The safetensors file.
        config: The JSON file; None to write none.
        content: What the JSON file holds, besides the version of this package.

    Raises:
        SavedModelError: A tensor cannot be stored. Nothing has been changed then.
    """
    weights.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=weights.parent, prefix=".saving-") as staging:
        staged = Path(staging) / weights.name
        try:
            save_model(model, str(staged), metadata={"format": "pt"})
        except (RuntimeError, ValueError, SafetensorError) as error:
            raise SavedModelError(
                f"{type(model).__name__} cannot be saved: {_one_line(error)}"
            ) from error
        if config is not None:
            content = {**content, "oumi_scaffold_version": _distribution_version()}
            text = json.dumps(content, indent=2) + "\n"
            (Path(staging) / config.name).write_text(text, encoding="utf-8")
            (Path(staging) / config.name).replace(config)
        staged.replace(weights)


def read_config(config: Path) -> dict[str, Any]:
    """Reads the config; empty where there is none.

    Raises:
        SavedModelError: It is damaged.
    """
    if not config.is_file():
        return {}
    try:
        content = json.loads(config.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise SavedModelError(f"{config} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise SavedModelError(f"{config} holds no JSON object")
    for key, kind in (("init_kwargs", dict), ("model_type", str)):
        if key in content and not isinstance(content[key], kind):
            raise SavedModelError(f"{config}: {key} is not a {kind.__name__}")
    return content


def load_weights(
    model: nn.Module, weights: Path, *, strict: bool, map_location: str | torch.device
) -> None:
    """Loads the weights into a model, in the dtypes they were saved in.

    Args:
        model: A model of the class and the arguments that were saved.
        weights: The safetensors file.
        strict: Whether the names must be exactly the model's.
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
            f"{_one_line(error)}; use 'cpu'"
        ) from error
    try:
        _match_dtypes(model, weights)
        load_model(model, weights, strict=strict, device=str(map_location))
    except (RuntimeError, OSError, SafetensorError) as error:
        raise SavedModelError(
            f"{weights} does not fit {type(model).__name__}: {_one_line(error)}"
        ) from error


def _match_dtypes(model: nn.Module, weights: Path) -> None:
    """Gives the model's tensors the floating dtypes of the saved ones."""
    with safe_open(weights, framework="pt") as file:
        saved = {
            name: _FLOAT_DTYPES[dtype]
            for name in file.keys()  # noqa: SIM118  it is no dict
            if (dtype := file.get_slice(name).get_dtype()) in _FLOAT_DTYPES
        }
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


def _one_line(error: BaseException) -> str:
    """The error's text without torch's heading and line breaks, and not too long."""
    lines = [" ".join(line.split()) for line in str(error).strip().splitlines()]
    if lines and lines[0].startswith("Error(s) in loading state_dict"):
        lines = lines[1:]
    text = "; ".join(line.rstrip(".") for line in lines if line)
    return text if len(text) <= 300 else text[:300] + " ..."


def _distribution_version() -> str:
    try:
        return version("oumi-scaffold")
    except PackageNotFoundError:  # Run from source, by PYTHONPATH.
        return "unknown"
