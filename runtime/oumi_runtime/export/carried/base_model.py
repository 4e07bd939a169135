"""The base class of the model in this folder; the model needs no more of its origin."""

import inspect
from typing import Any, Self

from torch import nn


class BaseModel(nn.Module):
    """A module with a `forward` that returns a dict of tensors, and a `criterion`."""

    _init_kwargs: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keeps the constructor's arguments for `init_kwargs`."""
        model = super().__new__(cls)
        bound = inspect.signature(cls.__init__).bind(model, *args, **kwargs)
        bound.apply_defaults()
        model.__dict__["_init_kwargs"] = dict(list(bound.arguments.items())[1:])
        return model

    def __init__(self, **kwargs: Any) -> None:
        """Initializes the module; arguments are accepted as they always were."""
        super().__init__()

    @property
    def init_kwargs(self) -> dict[str, Any]:
        """The constructor's arguments, by name."""
        return dict(self._init_kwargs)
