"""Finds the models to check by name, file or config, and batches for them."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

import oumi_runtime.models  # noqa: F401  registers the built-in models
from oumi_runtime.builders import fit_preprocessing, prepare_split, read_split
from oumi_runtime.builders.preprocessing.scaling import fit_scalers, scalers_in
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.registry import REGISTRY, RegistryType, declarations_in
from oumi_runtime.core.trainers.batches.map_batches import (
    count_samples,
    load_batches,
)
from oumi_runtime.core.trainers.batches.ordered_workers import Loading
from oumi_runtime.exceptions import ModelBuildError
from oumi_runtime.testing.case import Batch, BatchFactory, ModelCase
from oumi_runtime.testing.failures import NotApplicableError
from oumi_runtime.testing.files import load_file
from oumi_runtime.testing.projects import config_file
from oumi_runtime.testing.random_batches import derived_batches, small_arguments

_MOST_OF_A_STREAM = 512


@dataclass(frozen=True)
class Subject:
    """A model to check, and the source of its batches."""

    name: str
    make_model: Callable[[], nn.Module]
    make_batch: BatchFactory
    config: Path | None
    origin: str
    """A description of where the model and the batches come from."""


def find_subjects(target: str) -> list[Subject]:
    """Finds the models that a name, a file or a config refers to.

    Args:
        target: The path of a training config, whose model is checked on its data; the
            path of a Python file that defines `make_model` and `make_batch`, or
            registers models; or a registered name. A registered model is checked on the
            data of its config, if its project has one, or else on random batches that
            fit its signature.

    Raises:
        ConfigError: The config has mistakes.
        KeyError: The name is not registered.
        ModelBuildError: The file has no model to check, or no batch can be derived.
    """
    path = Path(target)
    if path.suffix in (".yaml", ".yml"):
        return [_of_config(path)]
    if path.suffix != ".py":
        return [_of_class(target, REGISTRY[target, RegistryType.MODEL])]
    if not path.is_file():
        raise ModelBuildError(f"there is no file {target}")
    names = [
        each.name for each in declarations_in(path) if each.type is RegistryType.MODEL
    ]
    if names:
        return [_of_class(name, _registered(name, path)) for name in names]
    module = load_file(path)
    make_model = getattr(module, "make_model", None)
    make_batch = getattr(module, "make_batch", None)
    if make_model is None or make_batch is None:
        raise ModelBuildError(
            f"{target} registers no model, and has no make_model and make_batch"
        )
    name = type(make_model()).__name__
    return [Subject(name, make_model, make_batch, None, f"as in {path.name}")]


def _of_config(path: Path) -> Subject:
    config = TrainingConfig.from_yaml(path)
    config.finalize_and_validate()
    name = config.model.model_name
    model_class: Any = REGISTRY[name, RegistryType.MODEL]
    kwargs = config.model.model_kwargs
    dataset = _training_data(config, model_class(**kwargs))
    return Subject(
        name,
        _with_fitted_scalers(lambda: model_class(**kwargs), dataset),
        _batches_of(dataset),
        path,
        f"as in {path.name}, on its data",
    )


def _of_class(name: str, model_class: Any) -> Subject:
    kwargs = small_arguments(model_class)
    try:
        model_class(**kwargs)
    except TypeError as error:
        raise ModelBuildError(
            f"{name} cannot be built without more arguments ({error}); check a config, "
            "or a file with make_model and make_batch"
        ) from error

    def make_model() -> nn.Module:
        made: nn.Module = model_class(**kwargs)
        return made

    case = ModelCase(make_model, lambda batch_size: {})
    try:
        return _of_config(config_file(case))
    except NotApplicableError:
        batches = derived_batches(make_model)
        return Subject(name, make_model, batches, None, "on random batches")


def _training_data(config: TrainingConfig, model: nn.Module) -> Dataset[Any]:
    """Returns the config's training data, prepared for the model."""
    data = read_split(config, DatasetSplit.TRAIN)
    preprocessing = fit_preprocessing(data, config.model, model)
    return prepare_split(data, config, DatasetSplit.TRAIN, preprocessing)


def _with_fitted_scalers(
    make_model: Callable[[], nn.Module], dataset: Dataset[Any]
) -> Callable[[], nn.Module]:
    """Returns a function that makes the model as training begins with it."""
    fitted = make_model()
    fit_scalers(fitted, dataset)
    statistics = [scaler.state_dict() for scaler in scalers_in(fitted)]

    def make_fitted() -> nn.Module:
        model = make_model()
        for scaler, state in zip(scalers_in(model), statistics, strict=True):
            scaler.load_state_dict(state)
        return model

    return make_fitted


def _batches_of(dataset: Dataset[Any]) -> BatchFactory:
    """Returns a function that draws batches from a dataset; of a stream, its first."""
    dataset = _FirstSamples(dataset) if isinstance(dataset, Stream) else dataset

    def make_batch(batch_size: int) -> Batch:
        chosen = torch.randint(count_samples(dataset), (batch_size,))
        loaded = load_batches(
            dataset, [chosen], device=torch.device("cpu"), loading=Loading()
        )
        return dict(next(loaded).columns)

    return make_batch


class _FirstSamples(Dataset[Any]):
    """The first samples of a stream."""

    def __init__(self, stream: Stream) -> None:
        self._samples = list(islice(stream, _MOST_OF_A_STREAM))
        self.collate = stream.collate

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        return self._samples[index]


def _registered(name: str, path: Path) -> Any:
    if not REGISTRY.contains(name, RegistryType.MODEL):
        load_file(path)
    return REGISTRY[name, RegistryType.MODEL]
