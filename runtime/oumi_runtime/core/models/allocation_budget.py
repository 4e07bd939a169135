"""A limit on the memory that a constructor allocates, enforced before it does."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from oumi_runtime.core.models.operator_mode import OperatorMode


class BudgetExceededError(MemoryError):
    """More memory was asked for than may be."""


class AllocationBudget(OperatorMode):
    """Counts the tensors that are made inside its block, and stops at a limit.

    Memory that an overcommitting system would only promise counts as well.
    """

    def __init__(self, max_bytes: int, max_tensors: int) -> None:
        """Takes the limits, for all tensors together."""
        super().__init__()
        self._bytes_left = max_bytes
        self._tensors_left = max_tensors

    def run(self, operator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Runs an operator, after counting what it allocates.

        Raises:
            BudgetExceededError: That is more than is left.
        """
        count = _COUNTS.get(operator.name().partition(".")[0])
        if count is not None:
            dtype = kwargs.get("dtype") or torch.get_default_dtype()
            self._take(count(args, kwargs) * dtype.itemsize)
        return super().run(operator, args, kwargs)

    def _take(self, num_bytes: int) -> None:
        self._bytes_left -= num_bytes
        self._tensors_left -= 1
        if self._bytes_left < 0:
            raise BudgetExceededError(f"one tensor of it takes {num_bytes:,} bytes")
        if self._tensors_left < 0:
            raise BudgetExceededError("it has too many tensors")


def _size(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(math.prod(args[0] if args else kwargs["size"]))


def _second(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(math.prod(args[1] if len(args) > 1 else kwargs.get("size", ())))


def _repeated(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(args[0].numel() * math.prod(args[1]))


def _square(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(args[0]) * int(args[1] if len(args) > 1 else args[0])


def _range(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    numbers = [float(a) for a in args if isinstance(a, int | float)]
    start, end = (0.0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) > 2 else 1.0
    return max(0, math.ceil((end - start) / (step or 1.0)))


def _steps(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(args[2] if len(args) > 2 else kwargs.get("steps", 0))


def _highest(args: Sequence[Any], kwargs: dict[str, Any]) -> int:
    return int(math.prod(next((a for a in args if isinstance(a, list | tuple)), ())))


_COUNTS: dict[str, Callable[[Sequence[Any], dict[str, Any]], int]] = {
    **dict.fromkeys(
        ("aten::empty", "aten::zeros", "aten::ones", "aten::full", "aten::rand"), _size
    ),
    **dict.fromkeys(("aten::randn", "aten::empty_strided"), _size),
    **dict.fromkeys(("aten::new_empty", "aten::new_zeros", "aten::new_full"), _second),
    "aten::randint": _highest,
    "aten::repeat": _repeated,
    "aten::eye": _square,
    "aten::arange": _range,
    "aten::linspace": _steps,
    "aten::logspace": _steps,
}
