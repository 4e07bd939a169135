"""`oumi-scaffold export`: make a trained model into something to serve."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.options import json_option

if TYPE_CHECKING:
    from oumi_runtime.export import ExportResult


@click.command("export")
@click.argument("source", type=click.Path(path_type=Path), metavar="OUTPUT|CHECKPOINT")
@click.option(
    "--format",
    "format",
    type=click.Choice(["huggingface", "torch", "onnx"]),
    default="huggingface",
    show_default=True,
    help="What to export to.",
)
@click.option(
    "-o",
    "--output",
    "dest",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DEST",
    help="The folder to write, new or empty.",
)
@click.option("--force", is_flag=True, help="Replace an earlier export at DEST.")
@json_option
def command(source: Path, format: str, dest: Path, force: bool, as_json: bool) -> None:
    """Export a trained model, to be used without this package.

    The model is that of a run's output folder, or of one of its checkpoints.
    huggingface is a folder that transformers loads, with the code of the model; torch
    is a program of torch.export, and onnx is for onnxruntime, both for any number of
    rows and tokens. What is written is loaded again, and compared with the model,
    before it appears at DEST.
    """
    from oumi_runtime.core.log import keep_bars_out_of_files

    keep_bars_out_of_files()
    from oumi_runtime.export import export

    with output.only_json(as_json):
        result = export(source, format, dest, force=force)
    if as_json:
        output.emit_json({"output": str(result.folder), **result.document()})
    else:
        _show(result)


def _show(result: "ExportResult") -> None:
    output.heading(f"Exported {result.model} from {result.model_dir}")
    rows = [
        (kind, spec.name, spec.dtype, f"({', '.join(map(str, spec.shape))})")
        for kind, specs in (("input", result.inputs), ("output", result.outputs))
        for spec in specs
    ]
    output.table(["", "name", "dtype", "shape"], rows)
    on = "made-up inputs" if result.inputs_are_made else "the data of the run"
    output.say(
        f"On {on}, its outputs differ by at most {result.largest_difference:.2g} from "
        "those of the model"
    )
    output.say(f"It is in {result.folder}, where README.md says how to load it")
