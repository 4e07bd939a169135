"""Compares what an export computes with what the model itself does."""

from collections.abc import Mapping, Sequence

import torch

from oumi_runtime.exceptions import ExportError

# The rounding to allow, relative to the largest number, in units of the dtype's
# precision.
_ALLOWED_ROUNDING = {"huggingface": 8, "torch": 128, "onnx": 1024}


def largest_difference(
    model: str,
    format: str,
    expected: Sequence[Mapping[str, torch.Tensor]],
    found: Sequence[Mapping[str, torch.Tensor]],
) -> float:
    """Returns the largest difference between the outputs of two models.

    Args:
        model: The name of the model, for errors.
        format: The format of the export, which determines how much rounding may differ.
        expected: The outputs of the model itself, for each batch.
        found: Those of the export.

    Raises:
        ExportError: They differ by more than rounding, or in names or shapes.
    """
    largest = 0.0
    for ours, theirs in zip(expected, found, strict=True):
        for name, tensor in ours.items():
            other = theirs.get(name)
            if other is None or other.shape != tensor.shape:
                got = "nothing" if other is None else f"one of {tuple(other.shape)}"
                raise ExportError(
                    model,
                    format,
                    f"for {name} of shape {tuple(tensor.shape)}, the export returns "
                    f"{got}; it was traced for other sizes",
                )
            difference, allowed = _difference(tensor, other, format)
            if not difference <= allowed:
                raise ExportError(
                    model,
                    format,
                    f"its {name} differ by {difference:.3g}, and rounding explains "
                    f"{allowed:.3g}; does forward depend on the values of its inputs, "
                    "on random numbers, or on what it keeps between calls?",
                )
            largest = max(largest, difference)
    return largest


def _difference(
    ours: torch.Tensor, theirs: torch.Tensor, format: str
) -> tuple[float, float]:
    """Returns the largest difference, and how much rounding may make."""
    if ours.numel() == 0:
        return 0.0, 0.0
    if not ours.is_floating_point():
        return float((ours != theirs).any()), 0.0
    precision = torch.finfo(ours.dtype).eps * _ALLOWED_ROUNDING[format]
    a, b = ours.double(), theirs.double()
    # Equal infinities, as in masked outputs, do not differ.
    apart = torch.where(a == b, 0.0, (a - b).abs())
    apart = torch.where(a.isnan() & b.isnan(), 0.0, apart)
    finite = a[a.isfinite()]
    scale = max(1.0, float(finite.abs().max()) if finite.numel() else 1.0)
    return float(apart.max()), precision * scale
