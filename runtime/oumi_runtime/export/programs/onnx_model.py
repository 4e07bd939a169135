"""A model as ONNX, `model.onnx`, to be run by onnxruntime and others."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.exceptions import ExportError, MissingExtraError
from oumi_runtime.export.description import TensorSpec
from oumi_runtime.export.inference import Outputs
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.programs.sized_recurrence import in_any_length
from oumi_runtime.export.programs.torch_program import quiet

ONNX_FILENAME = "model.onnx"


def require_onnx() -> None:
    """Raises MissingExtraError if a library that it takes is not installed."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError(package, "--format onnx", "onnx")


def in_full_precision(run: TrainedRun) -> TrainedRun:
    """Returns a run whose model computes in float32, if it does in 16 bits.

    onnxruntime has no bfloat16 on a CPU for many operations.
    """
    halves = (torch.bfloat16, torch.float16)
    if any(parameter.dtype in halves for parameter in run.model.parameters()):
        run.model.float()
    return run


def write_onnx(
    program: torch.export.ExportedProgram,
    folder: Path,
    name: str,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
) -> None:
    """Translates a traced model.

    Raises:
        ExportError: It has an operation that ONNX does not.
    """
    sizes = {
        spec.name: {axis: n for axis, n in enumerate(spec.shape) if isinstance(n, str)}
        for spec in inputs
    }
    try:
        with quiet(), in_any_length():
            made = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                input_names=[spec.name for spec in inputs],
                output_names=[spec.name for spec in outputs],
                dynamic_shapes=sizes,
            )
            assert made is not None
            made.save(folder / ONNX_FILENAME)
    except Exception as error:  # Of onnxscript, of any kind.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        cause = (lines or [type(error).__name__])[-1]
        raise ExportError(name, "onnx", f"torch.onnx: {cause[:300]}") from error


def run_onnx(
    folder: Path, batches: Sequence[Batch], outputs: Sequence[TensorSpec]
) -> list[Outputs]:
    """Loads the file in onnxruntime, and returns its outputs for each batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # An error is raised with what is logged of it.
    options.intra_op_num_threads = torch.get_num_threads()
    session: Any = onnxruntime.InferenceSession(
        str(folder / ONNX_FILENAME), options, providers=["CPUExecutionProvider"]
    )
    names = [spec.name for spec in outputs]
    taken = {each.name for each in session.get_inputs()}
    found: list[Outputs] = []
    for batch in batches:
        given = {name: batch[name].numpy() for name in batch if name in taken}
        arrays = session.run(names, given)
        tensors = map(torch.from_numpy, arrays)
        found.append(dict(zip(names, tensors, strict=True)))
    return found
