"""The base class of every model: a module that computes its own loss and keeps itself.

Holds the contract (`forward` returns a dict of tensors, `criterion` is the loss) and
the saved form (`model.safetensors` and `config.json`). Building a model from a config
is the builders' work.
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

    The constructor's arguments are recorded as the object is made, so a subclass that
    calls `super().__init__()` without arguments can still be saved and loaded.
    """

    _init_kwargs: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Makes the constructor, the class's own or a mixin's, record its arguments."""
        super().__init_subclass__(**kwargs)
        if cls.__init__ is not BaseModel.__init__:
            cls.__init__ = recording_arguments(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, **kwargs: Any) -> None:
        """Prepares the module.

        Args:
            kwargs: Constructor arguments to record in place of those that were seen,
                for a subclass that is given what JSON cannot hold, say. Names that its
                constructor was not called with are left out.
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
        """Computes the outputs, and the loss where the targets are given.

        Args:
            args: The inputs, where a model takes them by position.
            kwargs: The inputs by name, `labels` among them while training.

        Returns:
            The outputs by name: `loss` (a scalar) if `labels` were given, and whatever
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
        """Saves the weights and the constructor's arguments.

        Tied weights are stored once. Each file replaces an older one in one move.

        Args:
            save_directory: A folder; made if it does not exist.
            save_config: Whether to save the constructor's arguments too.
            weights_filename: Name of the safetensors file.
            config_filename: Name of the JSON file.

        Raises:
            SavedModelError: A constructor argument cannot be written as JSON, or given
                by name. Nothing has been written then.
        """
        folder = Path(save_directory)
        write_files(
            self,
            folder / weights_filename,
            folder / config_filename if save_config else None,
            self.saved_config() if save_config else {},
        )

    def saved_config(self) -> dict[str, Any]:
        """What `config.json` holds: which class, and its constructor's arguments.

        Raises:
            SavedModelError: A constructor argument cannot be written as JSON, or given
                by name.
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

        Called on `BaseModel` itself it finds the class by the registered name in the
        saved config; called on a subclass it loads that subclass.

        Args:
            load_directory: The folder.
            map_location: The device to load to; the CPU if None.
            strict: Whether the saved names must be exactly the model's.
            weights_filename: Name of the safetensors file.
            config_filename: Name of the JSON file.
            override_kwargs: Constructor arguments in place of the saved ones.

        Returns:
            The model in the dtype it was saved in, in training mode as any new module.

        Raises:
            MissingModelError: The folder holds no weights. It is a FileNotFoundError.
            SavedModelError: The files are damaged, are another model's, or hold NaN or
                infinity.
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
        load_weights(
            model,
            weights,
            entries,
            strict=strict,
            map_location=map_location or "cpu",
        )
        return model

    @classmethod
    def from_config(
        cls,
        load_directory: str | Path,
        *,
        config_filename: str = CONFIG_FILENAME,
        override_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Makes a saved model again with fresh weights.

        Args:
            load_directory: A folder that `save_pretrained` wrote.
            config_filename: Name of the JSON file.
            override_kwargs: Constructor arguments in place of the saved ones.

        Raises:
            MissingModelError: The folder holds no config. It is a FileNotFoundError.
            SavedModelError: The config is damaged, or is another model's.
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
        """Makes the model that a saved config describes."""
        model_class = cls._class_to_load(config, folder)
        try:
            return model_class(**{**config.get("init_kwargs", {}), **override_kwargs})
        except (OumiRuntimeError, MemoryError):
            raise
        except Exception as error:  # The user's code, given what a file holds.
            raise SavedModelError(
                f"{model_class.__name__} cannot be created from {folder}: "
                f"{one_line(error)}; set its arguments through override_kwargs, or "
                "train it again if its constructor has changed"
            ) from error

    def _require_saveable_arguments(self) -> None:
        """Raises where the saved arguments would not make this model again."""
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
        """The class that the saved config asks for, which must be this one or below."""
        class_name, model_name = config.get("model_type"), config.get("model_name")
        if not inspect.isabstract(cls):
            own_name = REGISTRY.name_of(cls, RegistryType.MODEL)
            if class_name in (None, cls.__name__) or (
                own_name is not None and own_name == model_name
            ):
                return cls
            raise SavedModelError(
                f"{folder} holds a {class_name}, not a {cls.__name__}; call "
                "BaseModel.from_pretrained to load whichever it is"
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
    """What is registered under the saved name, or else is the class of that name.

    Oumi saves the name of the class alone.
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
