"""The base class of all models.

It defines the contract (`forward` returns a dict of tensors, `criterion` is the loss)
and the saved form (`model.safetensors` and `config.json`). Building a model from a
config is up to `oumi_runtime.builders`.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from oumi_runtime.core.models.constructor_arguments import (
    recording_arguments,
    unsaveable_argument,
)
from oumi_runtime.core.models.reading import (
    budget_for,
    load_weights,
    read_config,
    read_entries,
)
from oumi_runtime.core.models.saved_form import (
    CONFIG_FILENAME,
    WEIGHTS_FILENAME,
    one_line,
    write_files,
)
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import (
    MissingModelError,
    OumiRuntimeError,
    SavedModelError,
)


class BaseModel(nn.Module, ABC):
    """A module with a `forward` that returns a dict of tensors, and a `criterion`.

    Constructor arguments are recorded automatically, so a subclass that calls
    `super().__init__()` without arguments can still be saved and loaded.
    """

    _init_kwargs: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Wraps the constructor, including a mixin's, to record its arguments."""
        super().__init_subclass__(**kwargs)
        if cls.__init__ is not BaseModel.__init__:
            cls.__init__ = recording_arguments(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, **kwargs: Any) -> None:
        """Initializes the module.

        Args:
            kwargs: Constructor arguments to record instead of the actual ones, for
                example if those cannot be written as JSON. Names that the constructor
                was not called with are ignored.
        """
        super().__init__()
        seen = self.__dict__.get("_init_kwargs", kwargs)
        self._init_kwargs = {name: kwargs.get(name, seen[name]) for name in seen}

    @property
    def init_kwargs(self) -> dict[str, Any]:
        """The constructor's arguments, by name."""
        return dict(self._init_kwargs)

    @abstractmethod
    def forward(self, *args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:
        """Computes the outputs, and the loss if targets are given.

        Args:
            args: Positional inputs.
            kwargs: Inputs by name, including `labels` during training.

        Returns:
            The outputs by name: `loss` (a scalar) if `labels` are given, and whatever
            the task needs, such as `logits`.
        """

    @property
    @abstractmethod
    def criterion(self) -> Callable[..., torch.Tensor]:
        """The function that computes the loss."""

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        save_config: bool = True,
        weights_filename: str = WEIGHTS_FILENAME,
        config_filename: str = CONFIG_FILENAME,
    ) -> None:
        """Saves the weights and the constructor arguments.

        Tied weights are stored once. Files are replaced atomically.

        Args:
            save_directory: The folder; created if it does not exist.
            save_config: Whether to save the constructor arguments too.
            weights_filename: The name of the safetensors file.
            config_filename: The name of the JSON file.

        Raises:
            SavedModelError: A constructor argument cannot be written as JSON, or not
                be passed by name. Nothing is written then.
        """
        folder = Path(save_directory)
        write_files(
            self,
            folder / weights_filename,
            folder / config_filename if save_config else None,
            self.saved_config() if save_config else {},
        )

    def saved_config(self) -> dict[str, Any]:
        """Returns the content of `config.json`: the class and its arguments.

        Raises:
            SavedModelError: A constructor argument cannot be written as JSON, or not
                be passed by name.
        """
        self._require_saveable_arguments()
        return {
            "model_type": type(self).__name__,
            "model_name": REGISTRY.name_of(type(self), RegistryType.MODEL),
            "init_kwargs": self._init_kwargs,
        }

    @classmethod
    def from_pretrained(
        cls,
        load_directory: str | Path,
        *,
        map_location: str | torch.device | None = None,
        strict: bool = True,
        weights_filename: str = WEIGHTS_FILENAME,
        config_filename: str = CONFIG_FILENAME,
        override_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Loads a model that `save_pretrained` saved.

        Called on `BaseModel`, it finds the class by the registered name in the saved
        config; called on a subclass, it loads that subclass.

        A run's folder holds its final model: with `training.ema_decay`, the average. A
        checkpoint holds the weights that training goes on with; for the average that
        was evaluated there, use `oumi_runtime.infer.Predictor.load(config).model`, with
        the checkpoint as the config's `training.output_dir`.

        Args:
            load_directory: The folder.
            map_location: The device to load to; the CPU if None.
            strict: Whether the saved names must exactly match the model's.
            weights_filename: The name of the safetensors file.
            config_filename: The name of the JSON file.
            override_kwargs: Constructor arguments that replace the saved ones.

        Returns:
            The model in the dtype it was saved in, in training mode like any new
            module.

        Raises:
            MissingModelError: The folder has no weights. It is a FileNotFoundError.
            SavedModelError: The files are damaged, belong to another model, or contain
                NaN or infinity.
        """
        folder = Path(load_directory)
        weights = folder / weights_filename
        try:
            entries = read_entries(weights)
        except FileNotFoundError:
            raise MissingModelError(folder, weights_filename) from None
        config = read_config(folder / config_filename)
        with budget_for(folder, entries):
            model = cls._make(config, folder, override_kwargs or {})
        place = map_location or "cpu"
        try:
            load_weights(model, weights, entries, strict=strict, map_location=place)
        except SavedModelError as error:
            if config:
                raise
            raise SavedModelError(
                f"{error}; there is no {config_filename}, so give the arguments that "
                "it was made with as override_kwargs"
            ) from error
        return model

    @classmethod
    def from_config(
        cls,
        load_directory: str | Path,
        *,
        config_filename: str = CONFIG_FILENAME,
        override_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Creates the model of a saved config with fresh weights.

        Args:
            load_directory: A folder written by `save_pretrained`.
            config_filename: The name of the JSON file.
            override_kwargs: Constructor arguments that replace the saved ones.

        Raises:
            MissingModelError: The folder has no config. It is a FileNotFoundError.
            SavedModelError: The config is damaged, or belongs to another model.
        """
        folder = Path(load_directory)
        if not (folder / config_filename).is_file():
            raise MissingModelError(folder, config_filename)
        config = read_config(folder / config_filename)
        return cls._make(config, folder, override_kwargs or {})

    @classmethod
    def _make(
        cls, config: dict[str, Any], folder: Path, override_kwargs: dict[str, Any]
    ) -> Self:
        """Creates the model that a saved config describes."""
        model_class = cls._class_to_load(config, folder)
        try:
            return model_class(**{**config.get("init_kwargs", {}), **override_kwargs})
        except (OumiRuntimeError, MemoryError):
            raise
        except Exception as error:  # User code, called with values from a file.
            raise SavedModelError(
                f"{model_class.__name__} cannot be created from {folder}: "
                f"{one_line(error)}; set its arguments through override_kwargs, or "
                "train it again if its constructor has changed"
            ) from error

    def _require_saveable_arguments(self) -> None:
        """Raises if the recorded arguments cannot recreate this model."""
        name = type(self).__name__
        culprit = unsaveable_argument(self._init_kwargs)
        if culprit is not None:
            raise SavedModelError(
                f"{name} cannot be saved: its constructor argument {culprit}, which "
                "JSON cannot hold; take numbers, strings, lists or dicts with string "
                "keys, or save the state dict"
            )
        try:
            inspect.signature(type(self)).bind(**self._init_kwargs)
        except TypeError as error:
            raise SavedModelError(
                f"{name} cannot be saved: its constructor cannot be called with "
                f"{', '.join(self._init_kwargs) or 'nothing'} by name ({error}); take "
                "named arguments, and a list in place of *arguments"
            ) from None

    @classmethod
    def _class_to_load(cls, config: dict[str, Any], folder: Path) -> type[Self]:
        """Returns the class named in the saved config: this one or a subclass."""
        class_name, model_name = config.get("model_type"), config.get("model_name")
        if not inspect.isabstract(cls):
            own_name = REGISTRY.name_of(cls, RegistryType.MODEL)
            if class_name in (None, cls.__name__) or (
                own_name is not None and own_name == model_name
            ):
                return cls
            raise SavedModelError(
                f"{folder} holds a {class_name}, not a {cls.__name__}; use "
                "BaseModel.from_pretrained to load any class"
            )
        found = _registered_class(model_name, class_name)
        if found is None:
            raise SavedModelError(
                f"{folder} holds a {class_name or 'model of unknown class'}, and no "
                "such model is registered; import the file that defines it "
                "(oumi_runtime.models for a built-in one), or list that file in "
                "oumi_requirements.txt"
            )
        if not (isinstance(found, type) and issubclass(found, cls)):
            raise SavedModelError(
                f"{folder} holds a {class_name}, which is not a {cls.__name__}"
            )
        return found


def _registered_class(model_name: Any, class_name: str | None) -> Any:
    """Returns what is registered under the saved name, or else the class of that name.

    Oumi saves only the name of the class.
    """
    candidates = [name for name in (model_name, class_name) if isinstance(name, str)]
    candidates += [
        name
        for name, value in REGISTRY.get_all(RegistryType.MODEL).items()
        if getattr(value, "__name__", None) == class_name
    ]
    candidates += [
        declared.name
        for declared in REGISTRY.declared(RegistryType.MODEL)
        if declared.class_name == class_name
    ]
    return next(filter(None, map(REGISTRY.get_model, candidates)), None)
