"""`oumi-scaffold evaluate`: evaluate a trained model on held-out data."""

from contextlib import nullcontext

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.options import (
    TAKES_OVERRIDES,
    checked_config,
    interpolate_option,
    json_option,
    overrides_argument,
)


@click.command("evaluate", context_settings=TAKES_OVERRIDES)
@click.option(
    "-c",
    "--config",
    required=True,
    metavar="FILE",
    help="The config that the model was trained with.",
)
@interpolate_option
@json_option
@overrides_argument
def command(
    config: str, interpolate: bool, as_json: bool, overrides: tuple[str, ...]
) -> None:
    """Evaluate the trained model of a config on held-out data.

    OVERRIDES replace values of the config, as in --training.output_dir runs/second.
    """
    loaded = checked_config(config, overrides, interpolate)
    from oumi_runtime.evaluate import evaluate

    with output.only_json() if as_json else nullcontext():
        result = evaluate(loaded)
    if as_json:
        output.emit_json(
            {
                "metrics": output.json_numbers(result.metrics),
                "split": str(result.split),
                "num_samples": result.num_samples,
                "num_bad_samples": result.num_bad_samples,
                "model_dir": str(result.model_dir),
            }
        )
        return
    bad = result.num_bad_samples
    output.heading(
        f"{result.model_dir} on {result.num_samples} samples of {result.split}"
        + (f", without {bad} that cannot be used" if bad else "")
    )
    output.metrics(result.metrics)
