"""Checks of devices, dtypes and large numbers."""

import traceback
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from oumi_runtime.core.models import operator_mode
from oumi_runtime.core.models.operator_mode import OperatorMode, tensors_in
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import (
    compute_gradients,
    enlarged,
    loss_of,
    output_name,
    outputs_of,
    perturbed,
)

# Saved programs name operators, so torch keeps the names that begin with _, too.
_PACK = torch.ops.aten._pack_padded_sequence.default  # noqa: SLF001
_READ_NUMBER = torch.ops.aten._local_scalar_dense.default  # noqa: SLF001
_FACTORS = (4.0, 16.0, 64.0, 256.0, 1024.0)
_NOT_THE_MODELS = ("/torch/", "/oumi_runtime/testing/", operator_mode.__file__)
_TOO_LARGE = 1e12  # for a layer: its square is beyond what a norm can take
_COPIED = "Cannot copy out of meta tensor"  # by .cpu(), which names a device
_LARGE_OUTPUT = 300.0  # exp overflows at 89, and its inverse is 0 at 104


@check()
def check_no_device_is_written_in(case: ModelCase) -> None:
    """Catches a tensor that is created on a fixed device, and values read by Python.

    For example `torch.arange(length)` without `device=input_ids.device`, or a branch in
    Python on a tensor's value (`.item()`, `if mask.all()`), for which the GPU has to
    synchronize. The check runs forward on the meta device, where tensors have no data;
    a model that picks rows by their values (`mask.nonzero()`) cannot run there.

    If it fails, look at the named line: create the tensor with `device=` of an input,
    or register it as a buffer.
    """
    if _packs_sequences(case):
        raise NotApplicableError("torch packs sequences only with lengths on the CPU")
    model = case.model(training=True).to("meta")
    batch = {name: column.to("meta") for name, column in case.batch().items()}
    watch, failure, outputs = _Watch(), None, {}
    try:
        with watch:
            outputs = outputs_of(model, batch)
    except CheckFailedError:
        raise
    except Exception as error:
        failure = error
    watch.note_made(outputs.values())
    if watch.elsewhere:
        raise CheckFailedError(
            "a tensor is created on the CPU whatever the model's device "
            f"({watch.elsewhere}): give it device= of an input, or register it as a "
            "buffer"
        ) from failure
    if watch.read:
        raise CheckFailedError(
            f"the value of a tensor is read in Python ({watch.read}), which makes a "
            "GPU synchronize: use torch.where, a mask or a clamp"
        ) from failure
    if isinstance(failure, NotImplementedError) and _COPIED not in str(failure):
        raise NotApplicableError("forward chooses rows by values, which meta has not")
    if failure is not None:
        raise CheckFailedError(
            f"on the meta device {described(failure)}: is a tensor created on a fixed "
            "device, or its value read with .item(), bool() or tolist()?"
        ) from failure
    if any(t.device.type != "meta" for t in outputs.values()):
        raise CheckFailedError(
            "the outputs are not on the device of the inputs: is there a .cpu(), or a "
            "tensor created without device=?"
        )


@check()
def check_bfloat16_is_kept(case: ModelCase) -> None:
    """Catches a dtype that is hard-coded in the model.

    For example `mask.float()`, which makes everything after it float32, or
    `torch.zeros(..., dtype=torch.float32)` that is added to the activations.

    If it fails, use `.to(x.dtype)`, or `dtype=` of an input.
    """
    model = case.model(training=True).to(torch.bfloat16)
    batch = _cast(case.batch(), torch.bfloat16)
    try:
        outputs = outputs_of(model, batch)
        name, loss = output_name(outputs), loss_of(model, batch)
        compute_gradients(loss)
    except (RuntimeError, TypeError) as error:
        raise CheckFailedError(
            f"in bfloat16 {described(error)}: is a dtype hard-coded in forward, such "
            "as .float() or dtype=torch.float32?"
        ) from error
    if outputs[name].dtype is not torch.bfloat16:
        raise CheckFailedError(
            f"a model in bfloat16 returns {name} in {outputs[name].dtype}: is a dtype "
            "hard-coded in forward, such as .float() on the mask?"
        )
    if loss.dtype not in (torch.bfloat16, torch.float32):
        raise CheckFailedError(f"a model in bfloat16 returns a loss in {loss.dtype}")


@check()
def check_float64_is_kept(case: ModelCase) -> None:
    """Catches a hard-coded dtype that bfloat16 does not reveal.

    For example a constant tensor in float32 that is added to the activations, or an
    `autocast` in forward, which returns float32.

    If it fails, use `.to(x.dtype)`, or `dtype=` of an input.
    """
    usual = outputs_of(case.model(), case.batch())
    found = usual[output_name(usual)].dtype
    if found is not torch.float32:
        raise CheckFailedError(
            f"a model in float32 returns {output_name(usual)} in {found}: is there an "
            "autocast, or a cast, in forward?"
        )
    model = case.model().double()
    batch = _cast(case.batch(), torch.float64)
    try:
        outputs = outputs_of(model, batch)
    except (RuntimeError, TypeError) as error:
        raise CheckFailedError(
            f"in float64 {described(error)}: is a dtype hard-coded in forward?"
        ) from error
    name = output_name(outputs)
    if outputs[name].dtype is not torch.float64:
        raise CheckFailedError(
            f"a model in float64 returns {name} in {outputs[name].dtype}: is a dtype "
            "hard-coded in forward?"
        )


@check()
def check_large_weights_stay_finite(case: ModelCase) -> None:
    """Catches a formula that overflows.

    For example `logits.exp() / logits.exp().sum()`, or `torch.log(softmax(x))`:
    infinite or NaN once training makes the logits large.

    If it fails, use `log_softmax`, `logsumexp`, `binary_cross_entropy_with_logits`, and
    other functions that do both steps in one.
    """
    batch = case.batch()
    for factor in _FACTORS:
        model = enlarged(perturbed(case.model()), factor, least_ndim=2)
        largest = _note_largest(model)
        outputs = outputs_of(model, batch)
        main = outputs[output_name(outputs)]
        if main.isinf().any() or max(largest, default=0.0) > _TOO_LARGE:
            return
        # A loss of its own may have an exponential, as that of a log variance.
        is_finite = case.is_self_supervised or outputs["loss"].isfinite()
        if main.isnan().any() or not is_finite:
            raise CheckFailedError(
                f"with weights {factor:.0f} times as large the loss is "
                f"{outputs['loss'].item()}: is there an exp, or a log of a softmax, "
                "that overflows?"
            )
        if main.abs().max() > _LARGE_OUTPUT:
            return


def _packs_sequences(case: ModelCase) -> bool:
    """Whether the model calls `pack_padded_sequence`."""
    if not any(isinstance(m, nn.RNNBase) for m in case.model().modules()):
        return False
    with _Calls() as calls:
        outputs_of(case.model(), case.batch())
    return _PACK in calls.found


class _Calls(OperatorMode):
    """Records which torch operations are called."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[Any] = set()

    def run(self, operator: Any, args: Any, kwargs: Any) -> Any:
        self.found.add(operator)
        return super().run(operator, args, kwargs)


def _note_largest(model: nn.Module) -> list[float]:
    """Returns a list that the model fills with each layer's largest output."""
    found: list[float] = []

    def note(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            found.append(output.detach().abs().max().nan_to_num().item())

    for module in model.modules():
        if module is not model:
            module.register_forward_hook(note)
    return found


class _Watch(OperatorMode):
    """Records the first tensor that meets the model's from another device, or is read.

    Decisions that depend only on masks or ids (is there any padding?) are allowed, and
    so are numbers drawn for Python alone, such as the share of a mixup.
    """

    elsewhere = ""
    read = ""

    def __init__(self) -> None:
        super().__init__()
        # Tensors that depend on floating-point numbers.
        self._computed: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
        # Tensors on another device, with the lines that made them.
        self._made: WeakTensorKeyDictionary = WeakTensorKeyDictionary()

    def run(self, operator: Any, args: Any, kwargs: Any) -> Any:
        tensors = tensors_in((args, kwargs))
        is_computed = any(t.is_floating_point() or t in self._computed for t in tensors)
        made = next((self._made[t] for t in tensors if t in self._made), "")
        # Before the call, which may fail.
        self._meet(tensors, [])
        is_here = any(t.device.type == "meta" for t in tensors)
        if operator is _READ_NUMBER and is_here:
            if not is_computed and tensors[0].dtype is torch.bool:
                return False
            self.read = self.read or _caller()
        result = super().run(operator, args, kwargs)
        results = tensors_in(result)
        for each in results:
            if is_computed:
                self._computed[each] = True
            if each.device.type != "meta" and each.ndim:
                self._made[each] = made or _caller()
        self._meet(tensors, results)
        return result

    def _meet(self, tensors: list[torch.Tensor], results: list[torch.Tensor]) -> None:
        """Notes that some of these are on another device while others are not."""
        if any(t.device.type == "meta" for t in (*tensors, *results)):
            self.note_made(tensors)

    def note_made(self, tensors: Iterable[torch.Tensor]) -> None:
        """Notes where the first of these tensors was made, if on another device.

        A single number may be on the CPU beside tensors of any device.
        """
        lines = (self._made[t] for t in tensors if t.ndim and t in self._made)
        self.elsewhere = self.elsewhere or next(lines, "")


def _caller() -> str:
    """Returns the line of the model that is running."""
    for frame in reversed(traceback.extract_stack()):
        if not any(place in frame.filename for place in _NOT_THE_MODELS):
            return f"{frame.filename.rpartition('/')[2]}:{frame.lineno}: {frame.line}"
    return "forward"


def _cast(batch: Batch, dtype: torch.dtype) -> Batch:
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in batch.items()}
