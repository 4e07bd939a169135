"""What a model can be exported to, and what came of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from oumi_runtime.core.models.logit_meanings import LogitMeaning
from oumi_runtime.export.description import TensorSpec


class ExportFormat(StrEnum):
    """What a model can be exported to."""

    HUGGINGFACE = "huggingface"
    """A folder that transformers loads, with the code of the model."""
    TORCH = "torch"
    """A program of torch.export, `model.pt2`."""
    ONNX = "onnx"
    """`model.onnx`, for onnxruntime and others."""


@dataclass(frozen=True)
class ExportResult:
    """An export that has been loaded again and compared."""

    format: ExportFormat
    folder: Path
    model: str
    """The name of the model's class."""
    model_dir: Path
    """The folder that the weights are from."""
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    largest_difference: float
    """The largest difference between its outputs and those of the model itself."""
    compared_on: tuple[dict[str, list[int]], ...]
    """The sizes of the inputs on which they were compared."""
    inputs_are_made: bool
    """Whether these inputs were made up, since the run's data cannot be read."""
    auto_class: str | None = None
    """The class of transformers that loads it, if it is a folder for transformers."""
    meaning: LogitMeaning = LogitMeaning.CLASSES
    """What its `logits` are, if it has some of shape (batch, n)."""

    def document(self) -> dict[str, Any]:
        """Returns the result as JSON can hold it; `export.json` has the same."""
        return {
            "format": str(self.format),
            "model": self.model,
            "exported_from": str(self.model_dir),
            "auto_class": self.auto_class,
            "inputs": [each.document() for each in self.inputs],
            "outputs": [each.document() for each in self.outputs],
            "largest_difference": self.largest_difference,
            "compared_on": list(self.compared_on),
            "inputs_are_made": self.inputs_are_made,
        }
