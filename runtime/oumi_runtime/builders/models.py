"""Builds the model that a config names."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

import oumi_runtime.models  # noqa: F401  registers the built-in models
from oumi_runtime.builders.arguments import argument_mistake
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import DeviceError, ModelBuildError, OumiRuntimeError

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


def build_model(model_params: ModelParams, **kwargs: Any) -> nn.Module:
    """Builds a model.

    A registered name makes a fresh model; a folder that `save_pretrained` wrote is
    loaded. A registered name goes before a folder of the same name.

    Args:
        model_params: The model's section of the config.
        kwargs: Constructor arguments besides, and before, those of `model_kwargs`.

    Returns:
        The model in training mode, on the device and in the dtype asked for.

    Raises:
        ModelBuildError: The constructor does not take the arguments.
        SavedModelError: The folder holds no model, or it is damaged.
        KeyError: The name is neither registered nor a folder.
        DeviceError: This machine does not have the device.
    """
    arguments = {**model_params.model_kwargs, **kwargs}
    name = model_params.model_name
    if Path(name).is_dir() and not REGISTRY.contains(name, RegistryType.MODEL):
        model = _load_folder(Path(name), model_params, arguments)
    else:
        model = _make_registered(model_params, arguments)
    if model_params.torch_dtype_str != "auto":
        model.to(_DTYPES[model_params.torch_dtype_str])
    if model_params.device_map is not None:
        model.to(resolve_device(model_params.device_map))
    return model


def resolve_device(device_map: str | Mapping[str, Any] | None) -> torch.device:
    """The device that a `device_map` means.

    Args:
        device_map: `auto` takes this process's GPU where there is one; None is the CPU.

    Raises:
        DeviceError: This machine does not have it, or it is a mapping.
    """
    if isinstance(device_map, Mapping):
        raise DeviceError(
            "model.device_map is a mapping, which only a model of transformers takes; "
            "use 'auto', or one device"
        )
    if device_map is None:
        return torch.device("cpu")
    if device_map == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(device_map)
    num_gpus = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= num_gpus:
        raise DeviceError(
            f"model.device_map is {device_map!r}, but torch sees {num_gpus} GPUs here; "
            "use 'auto' or 'cpu'"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "model.device_map is 'mps', but this machine has no Apple GPU; use 'auto'"
        )
    return device


def _make_registered(params: ModelParams, arguments: dict[str, Any]) -> nn.Module:
    model_class = REGISTRY[params.model_name, RegistryType.MODEL]
    if params.load_pretrained_weights:
        raise ModelBuildError(
            f"model.load_pretrained_weights is true, but {params.model_name!r} is a "
            "registered name, which starts fresh; to load weights, set "
            "model.model_name to the folder that holds them"
        )
    if mistake := argument_mistake(model_class, arguments):
        raise ModelBuildError(f"model.model_kwargs: {params.model_name} {mistake}")
    if unwritten := getattr(model_class, "__abstractmethods__", None):
        raise ModelBuildError(
            f"{params.model_name} cannot be built: its class has no "
            f"{' and no '.join(sorted(unwritten))}; write it"
        )
    try:
        model = model_class(**arguments)
    except ValueError as error:
        if isinstance(error, OumiRuntimeError):
            raise
        raise ModelBuildError(
            f"model.model_kwargs: {params.model_name} refuses them: {error}"
        ) from error
    if not isinstance(model, nn.Module):
        raise ModelBuildError(
            f"{params.model_name} is registered as a model, but makes a "
            f"{type(model).__name__}; register a subclass of BaseModel"
        )
    return model


def _load_folder(
    folder: Path, params: ModelParams, arguments: dict[str, Any]
) -> nn.Module:
    if params.load_pretrained_weights is False:
        return BaseModel.from_config(folder, override_kwargs=arguments)
    return BaseModel.from_pretrained(folder, override_kwargs=arguments)
