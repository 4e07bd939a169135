"""Builds transformers models, from a folder or from the Hugging Face hub.

transformers is imported only when it is needed, since that takes seconds.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from oumi_runtime.builders.models.devices import resolve_device
from oumi_runtime.builders.models.size import refuse_too_large
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.files import read_json
from oumi_runtime.exceptions import ModelBuildError, first_line, suggestion

T = TypeVar("T")

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_HUB_TIMEOUT_S = 10.0
_OWN_FIELDS = {
    "trust_remote_code": "trust_remote_code",
    "attn_implementation": "attn_implementation",
    "revision": "model_revision",
    "device_map": "device_map",
    "dtype": "torch_dtype_str",
    "torch_dtype": "torch_dtype_str",
}


def is_huggingface_name(name: str) -> bool:
    """Whether a name has the form of a Hugging Face hub name: `owner/name`."""
    return _HUB_NAME.fullmatch(name) is not None and ".." not in name


def is_huggingface_folder(folder: Path) -> bool:
    """Whether a folder was written by transformers, not `BaseModel.save_pretrained`."""
    try:
        config = read_json(folder / "config.json")
    except (OSError, ValueError):
        return False
    return (
        isinstance(config, dict)
        and "init_kwargs" not in config
        and ("architectures" in config or "transformers_version" in config)
    )


def make_huggingface_model(
    params: ModelParams, arguments: dict[str, Any], dtype: torch.dtype | None
) -> nn.Module:
    """Builds a transformers model, with saved or fresh weights.

    Args:
        params: The model section of the config.
        arguments: Fields of the model's own config to change. The first of its
            `architectures` is the class of the model.
        dtype: The dtype of the weights; None for the saved one, or float32 for fresh
            weights.

    Returns:
        The model in training mode, on the CPU or distributed as in `device_map`.

    Raises:
        ModelBuildError: The model does not exist, or cannot be built with these
            arguments.
    """
    name = params.model_name
    for key, field in _OWN_FIELDS.items():
        if key in arguments:
            raise ModelBuildError(
                f"model.model_kwargs: {key} is not a field of {name}; set model.{field}"
            )
    config = _read_config(params, arguments)
    model_class, trusted = _class_of(config, params)
    auto = {"trust_remote_code": True} if trusted else {}

    def fresh() -> nn.Module:
        make = model_class.from_config if trusted else model_class
        model: nn.Module = make(config, **auto)
        return model

    mapping = params.device_map if isinstance(params.device_map, dict) else None
    device = None if mapping is not None else resolve_device(params.device_map)
    if mapping is None:
        refuse_too_large(name, fresh, dtype=dtype, device=device)
    try:
        if params.load_pretrained_weights is False:
            made = fresh().to(dtype or torch.float32)
            return _dispatched(made, mapping).train()
        model: nn.Module = _fetched(
            lambda **options: model_class.from_pretrained(
                name,
                config=config,
                dtype=dtype or "auto",
                device_map=mapping,
                **auto,
                **options,
            ),
            params,
        )
    except (ValueError, TypeError, RuntimeError, ImportError, OSError) as error:
        if isinstance(error, ModelBuildError):
            raise
        raise ModelBuildError(
            f"{name} cannot be created: {first_line(error)}"
        ) from error
    return model.train()


def _read_config(params: ModelParams, arguments: dict[str, Any]) -> Any:
    from transformers import AutoConfig

    options = dict(arguments)
    if params.attn_implementation is not None:
        options["attn_implementation"] = params.attn_implementation
    loaded: Any = _fetched(
        lambda **more: AutoConfig.from_pretrained(
            params.model_name,
            trust_remote_code=params.trust_remote_code,
            return_unused_kwargs=True,
            **options,
            **more,
        ),
        params,
    )
    config, unknown = loaded
    for key in unknown.keys() & arguments.keys():
        raise ModelBuildError(
            f"model.model_kwargs: the config of {params.model_name} has no {key!r}"
            f"{suggestion(key, config.to_dict())}"
        )
    return config


def _class_of(config: Any, params: ModelParams) -> tuple[Any, bool]:
    """Returns the class of a model, and whether its code came with the model."""
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    names = list(getattr(config, "architectures", None) or ())
    remote = getattr(config, "auto_map", None) or {}
    if params.trust_remote_code:
        for auto_name, reference in remote.items():
            if auto_name.startswith("AutoModel") and (
                not names or str(reference).endswith(f".{names[0]}")
            ):
                return getattr(transformers, auto_name), True
    if names:
        found = getattr(transformers, names[0], None)
        if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
            return found, False
        raise ModelBuildError(
            f"{params.model_name} is a {names[0]}, which transformers "
            f"{transformers.__version__} does not have; name one of its classes in "
            "model.model_kwargs.architectures, or set model.trust_remote_code if you "
            "have read the code that comes with the model"
        )
    if config.model_type in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return transformers.MODEL_FOR_CAUSAL_LM_MAPPING[type(config)], False
    return transformers.MODEL_MAPPING[type(config)], False


def _fetched(load: Callable[..., T], params: ModelParams) -> T:
    """Loads from a folder, from the local cache, or else from the hub."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    name, revision = params.model_name, params.model_revision
    options = {} if revision is None else {"revision": revision}
    is_folder = Path(name).is_dir()
    try:
        return load(local_files_only=True, **options)
    except OSError as error:
        if is_folder:
            raise ModelBuildError(f"{name}: {first_line(error)}") from error
    except ValueError as error:
        raise ModelBuildError(f"{name}: {first_line(error)}") from error
    try:
        # Fails at once without such a model or without a network; loading would retry
        # for most of a minute.
        HfApi().model_info(name, revision=revision, timeout=_HUB_TIMEOUT_S)
        return load(**options)
    except RevisionNotFoundError as error:
        raise ModelBuildError(
            f"{name} has no revision {revision!r} on the Hugging Face hub"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelBuildError(
            f"no model {name!r}: it is not registered, it is not a folder here, and "
            "the Hugging Face hub has no such model, or you have no access to it"
        ) from error
    except Exception as error:  # The hub's client raises errors of several libraries.
        raise ModelBuildError(
            f"no model {name!r}: it is not registered, it is not a folder here, and it "
            f"cannot be downloaded from the Hugging Face hub ({first_line(error)})"
        ) from error


def _dispatched(model: nn.Module, mapping: dict[str, Any] | None) -> nn.Module:
    if mapping is None:
        return model
    from accelerate import dispatch_model

    dispatched: nn.Module = dispatch_model(model, mapping)
    return dispatched
