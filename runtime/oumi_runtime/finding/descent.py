"""Finds where a noisy curve falls fastest."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, linear_regression, median

_SHARE_FALLEN = 0.2


@dataclass(frozen=True)
class Line:
    """The least-squares line through a point of a curve and its neighbours."""

    value: float
    """At the point: the smoothed curve."""
    slope: float
    """Per point."""


def fit_lines(values: Sequence[float], reach: int) -> list[Line]:
    """Fits a line at each point of a curve.

    Args:
        values: The curve at points of equal distance, at least 2.
        reach: Neighbours on each side, at least 1; fewer at the ends of the curve.
    """
    lines = []
    for place in range(len(values)):
        first = max(0, place - reach)
        near = values[first : place + reach + 1]
        slope, intercept = linear_regression(range(first, first + len(near)), near)
        lines.append(Line(intercept + slope * place, slope))
    return lines


def steepest_descent(values: Sequence[float], reach: int) -> int | None:
    """Returns the point at which a curve falls fastest before its lowest point.

    The first fifth of the descent is ignored, since the flat part before it may have
    steep slopes by chance.

    Args:
        values: The curve at points of equal distance.
        reach: See `fit_lines`.

    Returns:
        The index of the point. None if the curve falls no more than it fluctuates, or
        has fewer than two windows of points.
    """
    if len(values) < 4 * reach + 2:
        return None
    lines = fit_lines(values, reach)
    # At the ends a line has fewer points to rest on.
    inner = range(reach, len(values) - reach)
    bottom = min(inner, key=lambda place: lines[place].value)
    start = fmean(values[: 2 * reach + 1])
    fall = start - lines[bottom].value
    noise = median(
        abs(value - line.value) for value, line in zip(values, lines, strict=True)
    )
    if fall <= 2 * noise:
        return None
    below = start - _SHARE_FALLEN * fall
    way_down = [at for at in inner if at <= bottom and lines[at].value <= below]
    return min(way_down, key=lambda place: lines[place].slope)
