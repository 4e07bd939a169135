"""Draws the curves of runs as SVG."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, cast

from oumi_scaffold.exceptions import MissingExtraError
from oumi_scaffold.report.runs import Curve, Run

_TOGETHER = {"loss": "loss", "eval_loss": "loss"}
_SIZE_IN = (6.4, 3.2)


def pictures(runs: Sequence[Run]) -> dict[str, bytes]:
    """Draws a picture for each metric, with a line for each run.

    The losses of training and evaluation share one.

    Args:
        runs: The runs.

    Returns:
        The pictures, as SVG, by the name of the metric.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    titles = {
        _TOGETHER.get(metric, metric): None for run in runs for metric in run.curves
    }
    return {title: _picture(title, runs) for title in titles}


def _picture(title: str, runs: Sequence[Run]) -> bytes:
    try:
        # Imported only where it is used: it is an extra.
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtraError("curves", "matplotlib", "plot") from error
    figure: Any = Figure(figsize=_SIZE_IN, layout="constrained")
    axes = figure.subplots()
    for place, run in enumerate(runs):
        for metric, curve in _shown(title, run.curves).items():
            words = [run.name] if len(runs) > 1 else []
            words += [metric] if len(runs) == 1 or metric in _TOGETHER else []
            axes.plot(
                curve.steps,
                curve.values,
                # One colour for each run, if there are several.
                color=f"C{place}" if len(runs) > 1 or metric == title else "C1",
                label=" ".join(words),
                # In the loss of training, which is noisy, points are in the way.
                marker="" if metric == "loss" and len(curve.steps) > 1 else ".",
                alpha=0.6 if metric == "loss" else 1.0,
            )
    axes.set_xlabel("step")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    if len(axes.lines) > 1:
        axes.legend()
    picture = BytesIO()
    # Without a date and with its own salt, the same runs give the same bytes.
    options: Any = {"svg.hashsalt": title}
    with cast(Any, matplotlib).rc_context(options):
        figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()


def _shown(title: str, curves: Mapping[str, Curve]) -> dict[str, Curve]:
    return {m: curve for m, curve in curves.items() if _TOGETHER.get(m, m) == title}
