"""`oumi-scaffold predict`: predict with a trained model."""

import math
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.running.configs import (
    TRAINED_WITH,
    config_command,
    input_and_overrides,
    interpolate_option,
    trained_config,
)
from oumi_scaffold.cli.running.prediction_lines import Lines, Prediction, lines_for

if TYPE_CHECKING:
    from oumi_runtime.infer import Predictions


@config_command("predict", TRAINED_WITH)
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="TEXT",
    help="A text to predict from; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    "output_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to a .jsonl or .csv file.  [default: JSON lines on stdout]",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Inputs at once.  [default: training.per_device_eval_batch_size]",
)
@click.option(
    "--max-new-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    help="The maximum length of a generated text.  [default: 64]",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="T",
    help="Draw the tokens of a text by their probabilities: below 1, likely ones more "
    "often, above 1 less.  [default: 0, always the likeliest]",
)
@click.option(
    "--top-k",
    type=click.IntRange(min=1),
    metavar="K",
    help="Draw among the K likeliest tokens.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    metavar="N",
    help="Draw others.  [default: 0]",
)
@interpolate_option
@json_option
@click.argument(
    "arguments",
    nargs=-1,
    type=click.Path(),  # so that shells complete the input
    metavar="[INPUT] [OVERRIDES]...",
)
def command(
    config: str,
    texts: tuple[str, ...],
    output_file: Path | None,
    batch_size: int | None,
    max_new_tokens: int | None,
    temperature: float | None,
    top_k: int | None,
    seed: int | None,
    interpolate: bool,
    as_json: bool,
    arguments: tuple[str, ...],
) -> None:
    """Predict with the trained model of a config: one line for each input, in order.

    INPUT is a file or folder like those that the model was trained on, without labels;
    a .txt file, a pipe or - (stdin) has one text a line. By default it is the test
    split of the config. OVERRIDES replace values of the config, as in
    --training.output_dir runs/second.
    """
    given, overrides = input_and_overrides(arguments)
    if given is not None and texts:
        raise click.UsageError("give either INPUT or --text")
    _refuse_unused(temperature, top_k=top_k, seed=seed)
    lines = lines_for(output_file)
    if output_file is not None:
        _refuse_useless(output_file, given)
    loaded = trained_config(config, overrides, interpolate, needs_data=False)
    from oumi_runtime.core.models.sampling import Sampling
    from oumi_runtime.infer import Predictor

    with output.only_json(as_json):
        predictor = Predictor.load(loaded)
        if given is None and not texts and predictor.reads_texts and _is_piped():
            output.note("stdin is not read; to predict from its lines, add - as INPUT")
        predictions = predictor.predict(
            given if given is not None else list(texts) or None,
            batch_size=batch_size,
            max_new_tokens=max_new_tokens,
            sampling=Sampling(temperature, top_k, seed or 0) if temperature else None,
        )
        document: dict[str, Any] = {"model_dir": str(predictor.model_dir)}
        if output_file is not None:
            document["output"] = str(output_file)
            document["num_predictions"] = _write(predictions, output_file, lines)
        elif as_json:
            made = [each for batch in _shown(predictions) for each in batch]
            document |= {"num_predictions": len(made), "predictions": made}
        else:
            _print(predictions, lines)
    if as_json:
        output.emit_json(document)
    elif output_file is not None:
        count = document["num_predictions"]
        noun = "prediction" if count == 1 else "predictions"
        output.say(f"Wrote {count} {noun} to {output_file}")


def _refuse_useless(file: Path, given: str | None) -> None:
    """Refuses an output file that cannot be written, before the work begins."""
    if not file.parent.is_dir():
        raise click.UsageError(f"--output: there is no folder {file.parent}")
    if given is not None and os.path.realpath(given) == os.path.realpath(file):
        raise click.UsageError(f"--output: {file} is the input; name another file")


def _refuse_unused(temperature: float | None, **others: int | None) -> None:
    """Refuses options of drawing where nothing is drawn."""
    if temperature is not None and not math.isfinite(temperature):
        raise click.UsageError(
            f"--temperature: {temperature} is not a number from 0 on"
        )
    for name, value in others.items():
        if value is not None and not temperature:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} needs a --temperature above 0")


def _is_piped() -> bool:
    """Whether another program may be writing to stdin."""
    with suppress(OSError, ValueError):
        return stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
    return False


def _print(predictions: "Predictions", lines: Lines) -> None:
    # On a terminal, the lines themselves show the progress.
    batches = predictions.batches if sys.stdout.isatty() else _shown(predictions)
    for batch in batches:
        sys.stdout.write(lines.of(batch))
        sys.stdout.flush()


def _write(predictions: "Predictions", file: Path, lines: Lines) -> int:
    """Writes a file, which is there when all is done; returns the number of lines."""
    from oumi_runtime.core.files import writing_whole

    count = 0
    with writing_whole(file) as whole:
        for batch in _shown(predictions):
            whole.write(lines.of(batch).encode())
            count += len(batch)
    return count


def _shown(predictions: "Predictions") -> Iterator[list[Prediction]]:
    """Yields the batches, and shows the progress meanwhile."""
    with output.progress(predictions.num_inputs) as advance:
        for batch in predictions.batches:
            yield batch
            advance(len(batch))
