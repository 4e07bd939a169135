"""The base class of every model: a module that computes its own loss and keeps itself.

Holds the contract (`forward` returns a dict of tensors, `criterion` is the loss) and
the saved form (`model.safetensors` and `config.json`). Building a model from a config
is the builders' work.
"""

import inspect
import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from oumi_runtime.core.models.constructor_arguments import recording_arguments
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import SavedModelError

WEIGHTS_FILENAME = "model.safetensors"
CONFIG_FILENAME = "config.json"


class BaseModel(nn.Module, ABC):
    """A module with a `forward` that returns a dict of tensors, and a `criterion`.

    The constructor's arguments are recorded as the object is made, so a subclass that
    calls `super().__init__()` without arguments can still be saved and loaded.
    """

    _init_kwargs: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Makes the subclass's constructor record its arguments."""
        super().__init_subclass__(**kwargs)
        if "__init__" in cls.__dict__:
            cls.__init__ = recording_arguments(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, **kwargs: Any) -> None:
        """Prepares the module.

        Args:
            kwargs: Constructor arguments to record in place of those that were seen,
                for a subclass that changes one before it uses it.
        """
        super().__init__()
        self._init_kwargs = {**self.__dict__.get("_init_kwargs", {}), **kwargs}

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
            SavedModelError: A constructor argument cannot be written as JSON.
        """
        folder = Path(save_directory)
        config = self._saved_config() if save_config else None
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".saving-") as name:
            staging = Path(name)
            save_model(self, str(staging / weights_filename), metadata={"format": "pt"})
            (staging / weights_filename).replace(folder / weights_filename)
            if config is not None:
                (staging / config_filename).write_text(config, encoding="utf-8")
                (staging / config_filename).replace(folder / config_filename)

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
            FileNotFoundError: The folder holds no weights.
            SavedModelError: The files are damaged, or are another model's.
        """
        folder = Path(load_directory)
        weights = folder / weights_filename
        if not weights.is_file():
            raise FileNotFoundError(
                f"{folder} holds no {weights_filename}; give a folder that "
                "save_pretrained wrote"
            )
        config = _read_config(folder / config_filename)
        model_class = cls._class_to_load(config, folder)
        arguments = {**config.get("init_kwargs", {}), **(override_kwargs or {})}
        try:
            model = model_class(**arguments)
        except TypeError as error:
            raise SavedModelError(
                f"{model_class.__name__} cannot be made from {folder}: {error}; give "
                "what is missing through override_kwargs"
            ) from error
        if "torch_dtype" in config:
            model.to(getattr(torch, config["torch_dtype"]))
        device = torch.device(map_location or "cpu")
        model.to(device)
        try:
            load_model(model, weights, strict=strict, device=str(device))
        except (RuntimeError, SafetensorError) as error:
            raise SavedModelError(
                f"{weights} does not fit {model_class.__name__}: {error}"
            ) from error
        return model

    def _saved_config(self) -> str:
        """The text of config.json."""
        for name, value in self._init_kwargs.items():
            try:
                json.dumps(value)
            except (TypeError, ValueError):
                raise SavedModelError(
                    f"{type(self).__name__} cannot be saved: its constructor argument "
                    f"{name!r} is a {type(value).__name__}, which JSON cannot hold; "
                    "take numbers, strings, lists or dicts, or save the state dict"
                ) from None
        floating = [p.dtype for p in self.parameters() if p.is_floating_point()]
        config = {
            "model_type": type(self).__name__,
            "model_name": REGISTRY.name_of(type(self), RegistryType.MODEL),
            "init_kwargs": self._init_kwargs,
            "oumi_scaffold_version": _distribution_version(),
        }
        if floating:
            config["torch_dtype"] = str(floating[0]).removeprefix("torch.")
        return json.dumps(config, indent=2) + "\n"

    @classmethod
    def _class_to_load(cls, config: dict[str, Any], folder: Path) -> type[Self]:
        """The class that the saved config asks for, which must be this one or below."""
        saved_names = [
            name for key in ("model_name", "model_type") if (name := config.get(key))
        ]
        if not inspect.isabstract(cls):
            if saved_names and cls.__name__ != config.get("model_type"):
                raise SavedModelError(
                    f"{folder} holds a {saved_names[-1]}, not a {cls.__name__}; call "
                    "BaseModel.from_pretrained to load whichever it is"
                )
            return cls
        for name in saved_names:
            found = REGISTRY.get_model(name)
            if found is not None:
                return cast(type[Self], found)
        raise SavedModelError(
            f"{folder} holds a {' / '.join(saved_names) or 'model of unknown class'}, "
            "and no such model is registered; import the file that defines it, or list "
            "that file in oumi_requirements.txt"
        )


def _read_config(path: Path) -> dict[str, Any]:
    """The saved config; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SavedModelError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise SavedModelError(f"{path} holds no JSON object")
    return config


def _distribution_version() -> str:
    try:
        return version("oumi-scaffold")
    except PackageNotFoundError:  # Run from source, by PYTHONPATH.
        return "unknown"
