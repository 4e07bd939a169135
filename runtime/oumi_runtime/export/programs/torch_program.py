"""A model as a program of torch.export, `model.pt2`, which needs no source to load.

The file is torch's own zip archive of JSON and raw weights. What torch keeps beside
them as a pickle, the example inputs, is left out.
"""

import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.exceptions import ExportError, first_line
from oumi_runtime.export.description import TensorSpec
from oumi_runtime.export.inference import Outputs, with_named_inputs
from oumi_runtime.export.inputs.sampling import Samples
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.programs.packed_sequences import on_padded_rows
from oumi_runtime.export.programs.sized_recurrence import in_any_length

PROGRAM_FILENAME = "model.pt2"


def trace(
    run: TrainedRun, format: str, samples: Samples, inputs: Sequence[TensorSpec]
) -> torch.export.ExportedProgram:
    """Traces the model, for any number of rows and of tokens.

    Raises:
        ExportError: It cannot be traced, or only for the sizes that it was traced with.
    """
    module = with_named_inputs(run.model, [spec.name for spec in inputs])
    auto = torch.export.Dim.AUTO
    sizes = {
        spec.name: {
            n: auto for n, size in enumerate(spec.shape) if isinstance(size, str)
        }
        for spec in inputs
    }
    try:
        with quiet(), on_padded_rows(run.model), in_any_length():
            program = torch.export.export(
                module, (), samples.inputs[0], dynamic_shapes=sizes
            )
    except Exception as error:  # Of torch, and of the user's code.
        raise ExportError(run.name, format, _cause(error, run)) from error
    _require_dynamic(program, run, format, inputs)
    # They are data of the run, and the only pickle in the file.
    program.example_inputs = None
    for module in program.graph_module.modules():
        for node in getattr(getattr(module, "graph", None), "nodes", ()):
            node.meta.pop("stack_trace", None)  # The user's paths, and lines of code.
    return program


def write_program(program: torch.export.ExportedProgram, folder: Path) -> None:
    """Writes `model.pt2`."""
    with quiet():
        torch.export.save(program, folder / PROGRAM_FILENAME)


def run_program(folder: Path, batches: Sequence[Batch]) -> list[Outputs]:
    """Loads the file again, and returns its outputs for each batch."""
    with quiet(), torch.inference_mode():
        module = torch.export.load(folder / PROGRAM_FILENAME).module()
        return [module(**batch) for batch in batches]


@contextmanager
def quiet() -> Generator[None]:
    """Keeps back what torch says about its own future, and prints when it fails."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _require_dynamic(
    program: torch.export.ExportedProgram,
    run: TrainedRun,
    format: str,
    inputs: Sequence[TensorSpec],
) -> None:
    """Raises if a size that may differ has become a constant in tracing."""
    specs = {spec.name: spec for spec in inputs}
    for node in program.graph.find_nodes(op="placeholder"):
        spec = specs.get(str(node.target))
        if spec is None or not isinstance(node.meta.get("val"), torch.Tensor):
            continue
        for name, size in zip(spec.shape, node.meta["val"].shape, strict=True):
            # A size that has become a constant may still be of the class of symbols.
            if isinstance(name, str) and str(size).isdecimal():
                raise ExportError(
                    run.name,
                    format,
                    f"tracing makes the {name} size of {spec.name} a constant, {size}; "
                    "use x.shape[0] in forward where it uses len(x) or a number, and "
                    "no Python list or loop over it",
                )


def _cause(error: Exception, run: TrainedRun) -> str:
    """Returns why tracing failed in one line, with the line of the user's code."""
    text = first_line(error).rstrip(".")
    if "data-dependent" in text:
        text = "it goes by the values of a tensor, and not its shape; use torch.where"
    places = []
    with contextlib.suppress(Exception):
        source = inspect.getfile(type(run.model))
        places = [f for f in extract_tb(error.__traceback__) if f.filename == source]
    if not places:
        return f"torch.export cannot trace it: {text}"
    last = places[-1]
    place = f"{last.filename}:{last.lineno}"
    return f"torch.export cannot trace {place} ({last.line}): {text}"
