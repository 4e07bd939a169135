"""Refuses a model that cannot fit in memory, before any of it is there.

The constructor runs once on the meta device, where a tensor is a shape only.
"""

import contextlib
import io
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from oumi_runtime.builders.devices import free_bytes
from oumi_runtime.exceptions import ModelBuildError

_NEVER_TOO_LARGE = 64 * 2**20
_ELEMENTWISE = {
    *("abs", "add", "cos", "div", "exp", "log", "mul", "neg", "pow", "reciprocal"),
    *("rsqrt", "rsub", "sigmoid", "sin", "sqrt", "square", "sub", "tanh"),
    *("true_divide", "__pow__", "__rdiv__", "__rpow__", "__rsub__", "__rtruediv__"),
}


def refuse_too_large(
    name: str,
    make: Callable[[], object],
    *,
    dtype: torch.dtype | None,
    device: torch.device | None,
) -> None:
    """Refuses a model whose weights alone do not fit; does not change random numbers.

    Nothing is refused where the constructor does not run on the meta device.

    Args:
        name: What to call the model.
        make: Makes it.
        dtype: The type that its floating-point weights get; None for their own.
        device: Where it goes from the host's memory; None leaves it there.

    Raises:
        ModelBuildError: Says how many bytes there would be, and how many are free.
    """
    numbers = count_on_meta(make)
    cpu = torch.device("cpu")
    # It is made on the CPU first, in its own types.
    _require_room(name, numbers, cpu)
    if device is not None and device != cpu:
        _require_room(name, _converted(numbers, dtype), device)


def count_on_meta(make: Callable[[], object]) -> Counter[torch.dtype]:
    """How many numbers of each type a model has, its buffers included.

    Args:
        make: Makes the model.

    Returns:
        Empty where that cannot be found out on the meta device.
    """
    with _unnoticed(), torch.device("meta"), _ShapesOnly():
        try:
            model = make()
        except Exception:  # The user's code; if it is wrong, it will say so in earnest.
            return Counter()
    numbers: Counter[torch.dtype] = Counter()
    if isinstance(model, nn.Module):
        for tensor in (*model.parameters(), *model.buffers()):
            if not is_lazy(tensor):
                numbers[tensor.dtype] += tensor.numel()
    return numbers


def _converted(
    numbers: Counter[torch.dtype], dtype: torch.dtype | None
) -> Counter[torch.dtype]:
    """The numbers where those with a floating point become another type."""
    converted: Counter[torch.dtype] = Counter()
    for own, count in numbers.items():
        converted[dtype if dtype and own.is_floating_point else own] += count
    return converted


def _require_room(
    name: str, numbers: Counter[torch.dtype], device: torch.device
) -> None:
    needed = sum(count * dtype.itemsize for dtype, count in numbers.items())
    if needed < _NEVER_TOO_LARGE:
        return
    free = free_bytes(device)
    if needed > free:
        products = " + ".join(
            f"{count:,} numbers x {dtype.itemsize} bytes ({str(dtype)[6:]})"
            for dtype, count in numbers.most_common()
        )
        raise ModelBuildError(
            f"{name} does not fit in memory: {products} = {needed / 1e9:.1f} GB of "
            f"weights, and {device} has {free / 1e9:.1f} GB free; make it smaller in "
            "model.model_kwargs"
        )


class _ShapesOnly(TorchFunctionMode):
    """Leaves out filling and arithmetic.

    For the first arithmetic on the meta device torch loads its compiler, for half a
    second.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        tensors = [a for a in (*args, *kwargs.values()) if isinstance(a, torch.Tensor)]
        name = getattr(func, "__name__", "")
        if getattr(func, "__module__", "") == "torch.nn.init" and tensors:
            return tensors[0]
        if not tensors or not all(tensor.is_meta for tensor in tensors):
            return func(*args, **kwargs)
        if name.endswith("_") and not name.endswith("__"):
            if name in (
                "normal_",
                "uniform_",
                "fill_",
                "zero_",
                "mul_",
                "add_",
                "div_",
            ):
                return tensors[0]
        elif name in _ELEMENTWISE and not kwargs.keys() - {"input", "other"}:
            shapes = (tensor.shape for tensor in tensors)
            shape = torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]
            return torch.empty(shape, dtype=_result_type(tensors))
        return func(*args, **kwargs)


def _result_type(tensors: list[torch.Tensor]) -> torch.dtype:
    dtypes = [tensor.dtype for tensor in tensors if tensor.is_floating_point()]
    return dtypes[0] if dtypes else torch.get_default_dtype()


@contextlib.contextmanager
def _unnoticed() -> Iterator[None]:
    """Keeps the random numbers as they are, and what is printed and warned of unseen.

    All of it comes when the model is made in earnest.
    """
    state = random.getstate()
    # Who has not imported it has not seeded it either.
    numpy_random = sys.modules.get("numpy.random")
    numpy_state = numpy_random.get_state() if numpy_random else None
    with (
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            random.setstate(state)
            if numpy_random:
                numpy_random.set_state(numpy_state)
