"""Refuses models that do not fit in memory, before allocating any of it.

The constructor runs once on the meta device, where tensors have a shape but no data.
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

from oumi_runtime.builders.models.devices import free_bytes
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
    """Refuses a model whose weights do not fit in memory.

    Nothing is refused if the constructor does not run on the meta device. The state of
    random number generators is preserved.

    Args:
        name: The name of the model, for the message.
        make: Creates the model.
        dtype: The dtype that floating-point weights will have; None for their own.
        device: The device that the model will be moved to; None for the CPU.

    Raises:
        ModelBuildError: The weights do not fit. The message states the bytes that are
            needed and free.
    """
    numbers = count_on_meta(make)
    cpu = torch.device("cpu")
    # The model is created on the CPU first, with its own dtypes.
    _require_room(name, numbers, cpu)
    if device is not None and device != cpu:
        _require_room(name, _converted(numbers, dtype), device)


def count_on_meta(make: Callable[[], object]) -> Counter[torch.dtype]:
    """Counts the numbers of each dtype in a model, including buffers.

    Args:
        make: Creates the model.

    Returns:
        The counts; empty if the constructor does not run on the meta device.
    """
    with _unnoticed(), torch.device("meta"), _ShapesOnly():
        try:
            model = make()
        except Exception:  # User code; a real mistake will show when the model is made.
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
    """Returns the counts after converting floating-point numbers to another dtype."""
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
    """Skips initialization and arithmetic.

    The first arithmetic operation on the meta device would make torch load its
    compiler, which takes half a second.
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
    """Preserves random states, and hides output and warnings.

    All of these will appear when the model is actually created.
    """
    state = random.getstate()
    # If numpy is not imported yet, its random state cannot have been set.
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
