"""What sees torch's operators run: those that a model calls, directly or not.

torch documents both names in its notes on extending torch, but keeps them in modules
whose names begin with an underscore. Only this file depends on that.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class OperatorMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which every operator is passed to `run`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Gives torch's method a type."""
        super().__init_subclass__(**kwargs)  # type: ignore[no-untyped-call]

    def __init__(self) -> None:
        """Initializes the mode; it begins with the block."""
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return self.run(func, args, dict(kwargs or {}))

    def run(self, operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs an operator, and returns its result; to be overridden.

        Args:
            operator: The operator, such as `torch.ops.aten.add.Tensor`.
            args: Its positional arguments.
            kwargs: Its other arguments.
        """
        return operator(*args, **kwargs)


def tensors_in(tree: Any) -> list[torch.Tensor]:
    """Returns the tensors in nested lists, tuples and dicts."""
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
