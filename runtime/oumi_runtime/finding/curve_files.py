"""Saves the curve of a learning rate range test as JSON and PNG."""

import dataclasses
import json
from io import BytesIO
from pathlib import Path

from oumi_runtime.core.files import why_unwritable, write_whole
from oumi_runtime.exceptions import OumiRuntimeError, OutputFolderError
from oumi_runtime.finding.learning_rate import LearningRateCurve

NUMBERS_FILENAME = "lr_finder.json"
PICTURE_FILENAME = "lr_finder.png"


def save_curve(curve: LearningRateCurve, folder: Path) -> list[Path]:
    """Writes the numbers, and a plot if matplotlib is installed.

    Args:
        curve: The curve.
        folder: The folder; created if needed. Its other files are not touched.

    Returns:
        The files.

    Raises:
        OutputFolderError: The folder cannot be written to.
    """
    files: dict[str, str | bytes] = {
        NUMBERS_FILENAME: json.dumps(dataclasses.asdict(curve), indent=1) + "\n"
    }
    if (picture := draw(curve)) is not None:
        files[PICTURE_FILENAME] = picture
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(folder / name, content)
    except OumiRuntimeError:
        raise
    except OSError as error:
        raise OutputFolderError(folder, why_unwritable(folder, error)) from error
    return [folder / name for name in files]


def draw(curve: LearningRateCurve) -> bytes | None:
    """Draws the curve as a PNG; returns None if matplotlib is not installed."""
    try:
        # Imported only where it is used: it is an extra.
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return None
    rates = [each.learning_rate for each in curve.tried]
    smoothed = [each.smoothed_loss for each in curve.tried]
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, [each.loss for each in curve.tried], ".", alpha=0.4, label="loss")
    axes.plot(rates, smoothed, label="smoothed")
    if curve.suggestion is not None:
        label = f"falls fastest: {curve.suggestion:g}"
        axes.axvline(curve.suggestion, color="black", linestyle="--", label=label)
    axes.set_xscale("log")
    axes.set_ylim(*curve.shown_losses)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.legend()
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=150)
    return picture.getvalue()
