"""`oumi-scaffold find-lr`: a learning rate range test."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.running.configs import (
    checked_config,
    config_command,
    overridable,
)
from oumi_scaffold.cli.running.plot import plot

if TYPE_CHECKING:
    from oumi_runtime.finding import LearningRateCurve


@config_command("find-lr")
@click.option(
    "--min",
    "lowest",
    type=float,
    default=1e-7,
    show_default=True,
    help="The learning rate of the first step.",
)
@click.option(
    "--max",
    "highest",
    type=float,
    default=10.0,
    show_default=True,
    help="The learning rate of the last step.",
)
@click.option(
    "--steps",
    type=int,
    default=100,
    show_default=True,
    help="The number of steps between the two.",
)
@overridable
def command(
    config: str,
    lowest: float,
    highest: float,
    steps: int,
    interpolate: bool,
    as_json: bool,
    overrides: tuple[str, ...],
) -> int:
    """Try increasing learning rates on a config's model and data, and suggest one.

    The rate rises at every step until the loss diverges. Suggests the rate at which the
    loss falls fastest (Smith 2017, section 3.3); use a lower one for long training. The
    curve is written to lr_finder.json and lr_finder.png in the output folder; nothing
    else of the trial is kept. OVERRIDES replace values of the config.
    """
    loaded = checked_config(config, overrides, interpolate)
    from oumi_runtime.finding import find_learning_rate, save_curve

    with output.only_json(as_json):
        curve = find_learning_rate(
            loaded, lowest=lowest, highest=highest, num_steps=steps
        )
    if not as_json:
        output.heading(f"Learning rates for {loaded.model.model_name}")
        _show(curve)
        output.say()
        if curve.suggestion is not None:
            output.heading(f"Suggested for {config}, where the loss falls fastest:")
            output.say("  training:")
            output.say(f"    learning_rate: {curve.suggestion:g}")
            output.say()
    # Last, so that the curve has been shown if it cannot be written.
    files = save_curve(curve, Path(loaded.training.output_dir))
    if as_json:
        document = {**dataclasses.asdict(curve), "files": [str(path) for path in files]}
        output.emit_json(document)
    else:
        output.say(f"The curve is in {' and '.join(map(str, files))}")
        if not any(path.suffix == ".png" for path in files):
            output.note("pip install 'oumi-scaffold[plot]' adds a PNG of the curve")
    if curve.suggestion is not None:
        return 0
    output.error(
        "the loss hardly falls at any of these rates; widen --min and --max, use "
        f"more --steps, or test the model with `oumi-scaffold check {config}`"
    )
    return exit_codes.FAILED


def _show(curve: "LearningRateCurve") -> None:
    """Prints the curve, and the rates that stand out on it."""
    rates = [each.learning_rate for each in curve.tried]
    smoothed = [each.smoothed_loss for each in curve.tried]
    fastest = None
    if (suggested := curve.suggestion) is not None:
        fastest = min(range(len(rates)), key=lambda at: abs(rates[at] - suggested))
    lines = plot(
        [each.loss for each in curve.tried],
        smoothed,
        bounds=curve.shown_losses,
        ends=(f"{rates[0]:.2g}", f"{rates[-1]:.2g}"),
        mark=fastest,
    )
    for line in lines:
        output.say(line)
    output.say()
    places = {
        "first": 0,
        "falls fastest": fastest,
        "lowest": rates.index(curve.lowest.learning_rate),
        "diverged" if curve.has_diverged else "last": len(rates) - 1,
    }
    rows = [
        [f"{rates[at]:.2g}", f"{smoothed[at]:.4g}", name]
        for name, at in places.items()
        if at is not None
    ]
    output.table(["learning rate", "smoothed loss", ""], rows)
