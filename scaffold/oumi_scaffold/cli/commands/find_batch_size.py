"""`oumi-scaffold find-batch-size`: which micro-batch sizes fit, and how fast."""

import dataclasses
from typing import TYPE_CHECKING

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.running.configs import (
    checked_config,
    config_command,
    overridable,
)

if TYPE_CHECKING:
    from oumi_runtime.finding import BatchSizes


@config_command("find-batch-size")
@click.option(
    "--min",
    "smallest",
    type=int,
    default=1,
    show_default=True,
    help="The first micro-batch size to try.",
)
@click.option(
    "--max", "largest", type=int, help="The last size to try.  [default: all samples]"
)
@overridable
def command(
    config: str,
    smallest: int,
    largest: int | None,
    interpolate: bool,
    as_json: bool,
    overrides: tuple[str, ...],
) -> None:
    """Double the micro-batch size until it no longer fits, and time each size.

    Suggests the fastest size that keeps the number of samples in a step, so that the
    training result stays the same. Writes nothing. OVERRIDES replace values of the
    config.
    """
    loaded = checked_config(config, overrides, interpolate)
    from oumi_runtime.finding import find_batch_size

    with output.only_json(as_json):
        found = find_batch_size(loaded, smallest=smallest, largest=largest)
    if as_json:
        output.emit_json(_document(found))
        return
    output.heading(f"Micro-batches for {loaded.model.model_name}")
    _show(found)
    output.say()
    if (best := found.suggestion) is None:
        output.say(
            f"None of these keeps {found.samples_per_step:,} samples in a step; "
            "start with another --min"
        )
        return
    output.heading(
        f"Suggested for {config}, with {found.samples_per_step:,} samples in a step as "
        "before:"
    )
    output.say("  training:")
    output.say(f"    per_device_train_batch_size: {best.batch_size}")
    output.say(f"    gradient_accumulation_steps: {best.gradient_accumulation_steps}")


def _document(found: "BatchSizes") -> dict[str, object]:
    best = found.suggestion
    return {
        **dataclasses.asdict(found),
        "largest": found.largest.batch_size,
        "fastest": found.fastest.batch_size,
        "suggestion": None if best is None else dataclasses.asdict(best),
    }


def _show(found: "BatchSizes") -> None:
    """Prints the measurements, and why the search ended."""
    rows = [
        [
            f"{each.batch_size}",
            f"{each.gradient_accumulation_steps}",
            f"{each.samples_per_step}",
            f"{each.samples_per_second:,.0f}",
            f"{each.peak_bytes / 1e9:.2f} GB",
            "fastest" if each == found.fastest else "",
        ]
        for each in found.tried
    ]
    columns = ["micro-batch", "accumulated", "samples a step", "samples/s", "memory"]
    output.table([*columns, ""], rows)
    output.say(f"ended: {found.ended_by}")
