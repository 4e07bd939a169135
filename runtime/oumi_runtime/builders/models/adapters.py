"""Adds, loads, merges and saves low-rank adapters (LoRA, Hu et al. 2021).

The work is done by the `peft` package, which is imported only when it is needed.
"""

import contextlib
import copy
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import nn

from oumi_runtime.core.configs import (
    LoraWeightInitialization,
    ModelParams,
    PeftParams,
)
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.exceptions import (
    MissingExtraError,
    ModelBuildError,
    first_line,
    suggestion,
)

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
_ALL_LINEAR = "all-linear"


def build_peft_model(base_model: nn.Module, peft_params: PeftParams) -> nn.Module:
    """Freezes a model and adds small trainable matrices.

    Args:
        base_model: The model; its modules are modified in place.
        peft_params: The modules to adapt, and the rank and initialization of the
            matrices.

    Returns:
        A `peft.PeftModel` around the model, which is called in the same way.

    Raises:
        MissingExtraError: peft is not installed.
        ModelBuildError: A given name matches no module or parameter.
    """
    peft = _require_peft("training.use_peft")
    is_ours = isinstance(base_model, BaseModel)
    _check_names(base_model, peft_params)
    excluded = peft_params.lora_exclude_modules
    try:
        config = peft.LoraConfig(
            r=peft_params.lora_r,
            lora_alpha=peft_params.lora_alpha,
            lora_dropout=peft_params.lora_dropout,
            target_modules=_targets(base_model, peft_params),
            exclude_modules="|".join(f"(?:{e})" for e in excluded)
            if excluded
            else None,
            target_parameters=peft_params.lora_target_parameters,
            modules_to_save=peft_params.lora_modules_to_save,
            bias=peft_params.lora_bias,
            init_lora_weights=_initialization(peft_params.lora_init_weights),
            task_type=None if is_ours else peft_params.lora_task_type.value,
        )
        with _as_peft_is():
            adapted: nn.Module = peft.get_peft_model(base_model, config)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise ModelBuildError(
            f"peft: no adapter can be added to {type(base_model).__name__}: "
            f"{first_line(error)}"
        ) from error
    return adapted.train()


def load_adapter(
    base_model: nn.Module, folder: Path, *, is_trainable: bool
) -> nn.Module:
    """Applies a saved adapter to a model.

    Args:
        base_model: The model that the adapter was trained on.
        folder: A folder written by `save_adapter`, or by peft's `save_pretrained`.
        is_trainable: Whether to continue training the adapter and keep the model
            frozen; otherwise the adapter is merged into the model's weights.

    Returns:
        A `peft.PeftModel` if it is trainable, otherwise the model itself.

    Raises:
        MissingExtraError: peft is not installed.
        ModelBuildError: The folder has no adapter, or one of another model.
    """
    peft = _require_peft("model.adapter_model")
    for name in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
        if not (folder / name).is_file():
            raise ModelBuildError(
                f"model.adapter_model: {folder} has no {name}; give the output folder "
                "of a training with use_peft"
            )
    try:
        with _as_peft_is():
            adapted = peft.PeftModel.from_pretrained(
                base_model, str(folder), is_trainable=is_trainable
            )
    except Exception as error:  # peft, safetensors and torch raise errors of any kind.
        raise ModelBuildError(
            f"the adapter in {folder} does not fit {type(base_model).__name__}: "
            f"{first_line(error)}"
        ) from error
    if is_trainable:
        trainable: nn.Module = adapted.train()
        return trainable
    return merge(adapted)


def merge(adapted: nn.Module) -> nn.Module:
    """Returns the base model, with the adapter merged into its weights."""
    merged: nn.Module = adapted.merge_and_unload()  # type: ignore[operator]
    for parameter in merged.parameters():
        parameter.requires_grad_(True)
    return merged


def merged_copy(adapted: nn.Module) -> nn.Module:
    """Like `merge`, but merges a copy on the CPU."""
    return merge(copy.deepcopy(adapted).cpu())


def is_adapted(model: nn.Module) -> bool:
    """Whether a model is a `peft.PeftModel`."""
    return hasattr(model, "peft_config") and hasattr(model, "merge_and_unload")


def save_adapter(adapted: nn.Module, folder: Path) -> None:
    """Saves the adapter without the base model, as peft's `save_pretrained` does."""
    peft = _require_peft("training.use_peft")
    folder.mkdir(parents=True, exist_ok=True)
    # To detect changed embeddings, peft would query the hub.
    state = peft.get_peft_model_state_dict(adapted, save_embedding_layers=False)
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in state.items()
    }
    save_file(tensors, folder / ADAPTER_WEIGHTS, metadata={"format": "pt"})
    configs: Any = adapted.peft_config
    config = copy.copy(configs["default"])
    config.inference_mode = True
    config.save_pretrained(str(folder))


def refuse_lost_base(
    params: ModelParams, peft_params: PeftParams, is_ours: bool
) -> None:
    """Refuses to save only the adapter if the base weights would be lost.

    Raises:
        ModelBuildError: The model starts with fresh weights.
    """
    if is_ours and not Path(params.model_name).is_dir():
        is_fresh = True
    else:
        is_fresh = params.load_pretrained_weights is False
    if is_fresh and peft_params.peft_save_mode != "merged":
        raise ModelBuildError(
            f"training.use_peft: {params.model_name} starts with fresh weights, which "
            "would not be saved with the adapter; set peft.peft_save_mode: merged, or "
            "set model.model_name to the folder of a trained model"
        )


def _require_peft(asked_by: str) -> Any:
    try:
        import peft
    except ModuleNotFoundError as error:
        if error.name != "peft":
            raise
        raise MissingExtraError("peft", asked_by, "peft") from error
    return peft


@contextlib.contextmanager
def _as_peft_is() -> Iterator[None]:
    """Suppresses peft's warnings that users can do nothing about."""
    with warnings.catch_warnings():
        # peft corrects this setting by itself, and warns about it.
        warnings.filterwarnings("ignore", message="fan_in_fan_out is set")
        # peft uses a deprecated name of transformers.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`")
        yield


def _initialization(given: LoraWeightInitialization | str) -> bool | str:
    """Returns peft's value for an initialization."""
    name = str(given)
    return {"default": True, "random": False}.get(name, name)


def _targets(model: nn.Module, params: PeftParams) -> list[str] | str | None:
    given = params.lora_target_modules
    is_all_linear = given is not None and [each.lower() for each in given] == [
        _ALL_LINEAR
    ]
    if not isinstance(model, BaseModel):
        return _ALL_LINEAR if is_all_linear else given
    if is_all_linear or (given is None and params.lora_target_parameters is None):
        # Modules that are trained in full need no adapters.
        whole = params.lora_modules_to_save or []
        return [
            name
            for name, module in model.named_modules()
            if isinstance(module, nn.Linear) and not _ends_with(name, whole)
        ]
    return given


def _check_names(model: nn.Module, params: PeftParams) -> None:
    modules = [name for name, _ in model.named_modules() if name]
    parameters = [name for name, _ in model.named_parameters()]
    wanted = params.lora_target_modules or []
    if [each.lower() for each in wanted] == [_ALL_LINEAR]:
        wanted = []
    for field, names, there in (
        ("lora_target_modules", wanted, modules),
        ("lora_modules_to_save", params.lora_modules_to_save or [], modules),
        ("lora_target_parameters", params.lora_target_parameters or [], parameters),
    ):
        for name in names:
            if not any(_ends_with(each, [name]) for each in there):
                raise ModelBuildError(
                    f"peft.{field}: nothing in {type(model).__name__} is named "
                    f"{name!r}{suggestion(name, there)}; it has {_some(there)}"
                )
    for pattern in params.lora_exclude_modules or []:
        if not any(re.fullmatch(pattern, each) for each in modules):
            raise ModelBuildError(
                f"peft.lora_exclude_modules: {pattern!r} matches no whole name of a "
                f"module in {type(model).__name__}; it has {_some(modules)}"
            )


def _ends_with(name: str, ends: Sequence[str]) -> bool:
    return any(name == end or name.endswith(f".{end}") for end in ends)


def _some(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > 12 else ""
    return ", ".join(names[:12]) + more
