"""Saves the final model of a run, and loads it again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from oumi_runtime.builders.models.adapters import (
    ADAPTER_CONFIG,
    build_peft_model,
    is_adapted,
    load_adapter,
    merge,
    merged_copy,
    refuse_lost_base,
    save_adapter,
)
from oumi_runtime.builders.models.building import build_model
from oumi_runtime.builders.models.devices import resolve_device
from oumi_runtime.builders.models.freezing import freeze_layers
from oumi_runtime.builders.models.huggingface import is_huggingface_folder
from oumi_runtime.core.configs import ModelParams, PeftSaveMode, TrainingConfig
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.reading import load_weights, read_entries
from oumi_runtime.core.models.saved_form import WEIGHTS_FILENAME
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.base_trainer import STATE_NAME, save_weights
from oumi_runtime.core.trainers.checkpoints.manifest import MANIFEST_FILENAME, verify
from oumi_runtime.core.trainers.checkpoints.state_checks import fitting
from oumi_runtime.core.trainers.checkpoints.state_files import load_state_tree
from oumi_runtime.core.trainers.checkpoints.store import CheckpointStore
from oumi_runtime.core.trainers.optimizers.weight_average import WeightAverage
from oumi_runtime.exceptions import SavedModelError


def build_trainable_model(config: TrainingConfig) -> nn.Module:
    """Builds the model of a config for training, including adapters.

    Raises:
        ModelBuildError: See `build_model` and `build_peft_model`. Also if only the
            adapter of a model with fresh weights would be saved.
    """
    model = build_model(config.model)
    if not config.training.use_peft:
        return model
    refuse_lost_base(config.model, config.peft, isinstance(model, BaseModel))
    return build_peft_model(model, config.peft)


def final_saver(config: TrainingConfig) -> Callable[[nn.Module, Path], None]:
    """Returns the function that saves the final model in its `save_pretrained` form."""

    def save(model: nn.Module, folder: Path) -> None:
        if is_adapted(model):
            if config.peft.peft_save_mode is not PeftSaveMode.MERGED:
                save_adapter(model, folder)
                return
            model = merged_copy(model)
        of_transformers: Any = getattr(model, "save_pretrained", None)
        if of_transformers is None or isinstance(model, BaseModel):
            save_weights(model, folder)
        else:
            of_transformers(str(folder))

    return save


def load_trained_model(config: TrainingConfig) -> tuple[nn.Module, Path]:
    """Loads the final model of a run, or that of its newest checkpoint.

    Args:
        config: The config that the model was trained with.

    Returns:
        The model on its device, with adapters merged, and the folder it is from.

    Raises:
        SavedModelError: The output folder has no model.
    """
    folder = Path(config.training.output_dir)
    if (folder / ADAPTER_CONFIG).exists():
        params = config.model
        if params.adapter_trainable:  # What was trained is that adapter.
            params = _without_adapter(params)
        model = load_adapter(build_model(params), folder, is_trainable=False)
        return _placed(model, config), folder
    if (folder / MANIFEST_FILENAME).exists():
        verify(folder)
        return load_checkpoint(config, folder), folder
    if (folder / WEIGHTS_FILENAME).exists():
        return _placed(_load_whole(folder, config), config), folder
    latest = CheckpointStore(folder).latest()
    if latest is None:
        raise SavedModelError(
            f"{folder} has no trained model; train it first, or point "
            "training.output_dir at the folder of a run"
        )
    return load_checkpoint(config, latest), latest


def load_checkpoint(config: TrainingConfig, checkpoint: Path) -> nn.Module:
    """Loads the model of a checkpoint, with adapters merged.

    Args:
        config: The config that the model was trained with.
        checkpoint: The folder, which has been verified. With `training.ema_decay`, its
            average is loaded: that is what was evaluated.
    """
    has_adapter = config.training.use_peft or config.model.adapter_trainable
    if not has_adapter and (own := _own_class(config.model)) is not None:
        return _placed(
            _averaged(own.from_pretrained(checkpoint), checkpoint, config), config
        )
    trained = build_trainable_model(config)
    if isinstance(trained, BaseModel):
        read = type(trained).from_pretrained(checkpoint)
        return _placed(_averaged(read, checkpoint, config), config)
    _read_weights(trained, checkpoint)
    trained = _averaged(trained, checkpoint, config)
    return _placed(merge(trained) if is_adapted(trained) else trained, config)


def _averaged(model: nn.Module, checkpoint: Path, config: TrainingConfig) -> nn.Module:
    """Puts the average that a checkpoint holds, if any, into its model."""
    if config.training.ema_decay is None:
        return model
    with fitting(checkpoint):
        num_parameters = sum(1 for _ in model.parameters())
        tree = load_state_tree(checkpoint, STATE_NAME, 1000 + 16 * num_parameters)
        if (state := tree.get("average")) is not None:
            freeze_layers(model, config.model.freeze_layers)
            average = WeightAverage(model, config.training.ema_decay)
            average.load_state_dict(state)
            average.adopt()
    return model


def _load_whole(folder: Path, config: TrainingConfig) -> nn.Module:
    if is_huggingface_folder(folder):
        params = replace(
            _without_adapter(config.model),
            model_name=str(folder),
            model_kwargs={},
            model_revision=None,
            load_pretrained_weights=True,
            freeze_layers=[],
        )
        return build_model(params)
    if (own := _own_class(config.model)) is not None:
        return own.from_pretrained(folder)
    model = build_model(_without_adapter(config.model))
    if not isinstance(model, BaseModel):
        _read_weights(model, folder)
        return model
    return type(model).from_pretrained(folder)


def _own_class(params: ModelParams) -> type[BaseModel] | None:
    """Returns the class of a registered model, which loads itself.

    To build the model of the config first, only for its class, would take its memory
    twice.
    """
    found = REGISTRY.get_model(params.model_name)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _read_weights(model: nn.Module, folder: Path) -> None:
    weights = folder / WEIGHTS_FILENAME
    device = next(model.parameters()).device
    load_weights(
        model, weights, read_entries(weights), strict=True, map_location=device
    )


def _without_adapter(params: ModelParams) -> ModelParams:
    return replace(params, adapter_model=None, adapter_trainable=False)


def _placed(model: nn.Module, config: TrainingConfig) -> nn.Module:
    if isinstance(config.model.device_map, dict):
        return model
    return model.to(resolve_device(config.model.device_map))
