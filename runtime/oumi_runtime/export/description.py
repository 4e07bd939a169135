"""What an export takes and returns, as `export.json` says it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.export.inputs.sampling import Samples


@dataclass(frozen=True)
class TensorSpec:
    """A tensor that an export takes or returns."""

    name: str
    dtype: str
    """As in `torch`: int64, float32."""
    shape: list[int | str]
    """Sizes; a name, such as batch, for one that may differ from call to call."""

    def document(self) -> dict[str, Any]:
        """Returns it as JSON can hold it."""
        return asdict(self)


def input_specs(samples: Samples) -> list[TensorSpec]:
    """Describes the inputs: rows are `batch`, and tokens `sequence`."""
    return [
        TensorSpec(name, _dtype(column), _shape(name, column, samples))
        for name, column in samples.inputs[0].items()
    ]


def output_specs(
    inputs: Sequence[TensorSpec],
    batches: Sequence[Batch],
    outputs: Sequence[Mapping[str, torch.Tensor]],
) -> list[TensorSpec]:
    """Describes the outputs, whose sizes vary as those of the inputs do.

    Args:
        inputs: The inputs.
        batches: Batches of different sizes.
        outputs: What the model returns for each.
    """
    sizes: dict[str, list[int]] = {}
    for spec in inputs:
        for axis, name in enumerate(spec.shape):
            if isinstance(name, str):
                sizes[name] = [batch[spec.name].shape[axis] for batch in batches]
    names = {tuple(found): name for name, found in reversed(sizes.items())}
    return [
        TensorSpec(
            key,
            _dtype(tensor),
            [
                names.get(tuple(o[key].shape[axis] for o in outputs), size)
                for axis, size in enumerate(tensor.shape)
            ],
        )
        for key, tensor in outputs[0].items()
    ]


def _shape(name: str, column: torch.Tensor, samples: Samples) -> list[int | str]:
    shape: list[int | str] = [*column.shape]
    shape[0] = "batch"
    if samples.are_cut and name in samples.texts:
        shape[1] = "target_sequence" if name.startswith("decoder_") else "sequence"
    return shape


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
