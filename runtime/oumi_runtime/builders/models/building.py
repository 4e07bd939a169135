"""Builds or loads the model of a config."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

import oumi_runtime.models  # noqa: F401  registers the built-in models
from oumi_runtime.builders.arguments import argument_mistake
from oumi_runtime.builders.models.adapters import load_adapter
from oumi_runtime.builders.models.devices import resolve_device
from oumi_runtime.builders.models.freezing import freeze_layers
from oumi_runtime.builders.models.huggingface import (
    is_huggingface_folder,
    is_huggingface_name,
    make_huggingface_model,
)
from oumi_runtime.builders.models.size import refuse_too_large
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ModelBuildError, OumiRuntimeError

_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


def build_model(model_params: ModelParams, **kwargs: Any) -> nn.Module:
    """Builds a model.

    A registered name gives a model with fresh weights, and never causes a network
    request. A folder written by `save_pretrained`, ours or that of transformers, is
    loaded, and so is `owner/name` from the Hugging Face hub. Registered names take
    precedence over folders, and folders over the hub.

    Args:
        model_params: The model's section of the config.
        kwargs: Additional constructor arguments, which take precedence over
            `model_kwargs`; for a transformers model, fields of its config.

    Returns:
        The model in training mode, on the device and in the dtype asked for.

    Raises:
        ModelBuildError: No model is named; it does not accept the arguments, does not
            fit in memory, or is not on the hub; or a pattern of `freeze_layers`
            matches nothing.
        SavedModelError: The folder has no model, or a damaged one.
        KeyError: The name is not registered, a folder, or `owner/name`.
        DeviceError: This machine does not have the device.
    """
    if not model_params.is_named:
        raise ModelBuildError(
            "model.model_name is missing; write a registered name or the folder of a "
            "saved model"
        )
    name = model_params.model_name
    if not REGISTRY.contains(name, RegistryType.MODEL):
        folder = Path(name)
        if folder.is_dir():
            if is_huggingface_folder(folder):
                return build_huggingface_model(model_params, **kwargs)
        elif is_huggingface_name(name):
            return build_huggingface_model(model_params, **kwargs)
    return build_oumi_model(model_params, **kwargs)


def build_oumi_model(model_params: ModelParams, **kwargs: Any) -> nn.Module:
    """Builds a registered model, or one in a folder of ours; see `build_model`."""
    _refuse_fields_of_transformers(model_params)
    arguments = {**model_params.model_kwargs, **kwargs}
    name = model_params.model_name
    if Path(name).is_dir() and not REGISTRY.contains(name, RegistryType.MODEL):
        model = _load_folder(Path(name), model_params, arguments)
    else:
        model = _make_registered(model_params, arguments)
    if (dtype := _dtype(model_params)) is not None:
        model.to(dtype)
    return _finished(model, model_params)


def build_huggingface_model(model_params: ModelParams, **kwargs: Any) -> nn.Module:
    """Builds a transformers model from a folder or the hub; see `build_model`."""
    arguments = {**model_params.model_kwargs, **kwargs}
    model = make_huggingface_model(model_params, arguments, _dtype(model_params))
    return _finished(model, model_params)


def _finished(model: nn.Module, params: ModelParams) -> nn.Module:
    """Puts a model on its device, adapts, freezes and compiles it."""
    if params.device_map is not None and not isinstance(params.device_map, dict):
        device = resolve_device(params.device_map)
        if device.type == "cuda" and device.index is not None:
            # Graphs, streams and events are made on the current one.
            torch.cuda.set_device(device)
        model.to(device)
    if params.adapter_model is not None:
        folder, is_trainable = Path(params.adapter_model), params.adapter_trainable
        model = load_adapter(model, folder, is_trainable=is_trainable)
    freeze_layers(model, params.freeze_layers)
    if params.compile:
        # In place, so that the names in its state dict stay as they are.
        model.compile()
    return model


def _dtype(params: ModelParams) -> torch.dtype | None:
    return _DTYPES.get(params.torch_dtype_str)


def _refuse_fields_of_transformers(params: ModelParams) -> None:
    given = {
        "attn_implementation": params.attn_implementation is not None,
        "model_revision": params.model_revision is not None,
        "trust_remote_code": params.trust_remote_code,
        "device_map as a mapping": isinstance(params.device_map, dict),
    }
    if wrong := [field for field, is_given in given.items() if is_given]:
        raise ModelBuildError(
            f"model: {', '.join(wrong)} is for transformers models, which "
            f"{params.model_name} is not; leave it out"
        )


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
            f"{' and no '.join(sorted(unwritten))}; write it as a method or property, "
            "since an attribute that __init__ sets does not count"
        )
    refuse_too_large(
        params.model_name,
        lambda: model_class(**arguments),
        dtype=_dtype(params),
        device=resolve_device(params.device_map),
    )
    try:
        model = model_class(**arguments)
    except ValueError as error:
        if isinstance(error, OumiRuntimeError):
            raise
        raise ModelBuildError(
            f"model.model_kwargs: {params.model_name} rejects them: {error}"
        ) from error
    if not isinstance(model, nn.Module):
        raise ModelBuildError(
            f"{params.model_name} is registered as a model, but creates a "
            f"{type(model).__name__}; register a subclass of BaseModel"
        )
    return model


def _load_folder(
    folder: Path, params: ModelParams, arguments: dict[str, Any]
) -> nn.Module:
    if params.load_pretrained_weights is False:
        return BaseModel.from_config(folder, override_kwargs=arguments)
    return BaseModel.from_pretrained(folder, override_kwargs=arguments)
