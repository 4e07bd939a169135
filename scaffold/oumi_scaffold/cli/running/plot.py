"""Draws a curve with characters, for a terminal."""

from collections.abc import Sequence


def plot(
    points: Sequence[float],
    line: Sequence[float],
    *,
    bounds: tuple[float, float],
    ends: tuple[str, str],
    mark: int | None = None,
    size: tuple[int, int] = (64, 12),
) -> list[str]:
    """Draws single values as dots, and the line through them as stars.

    Args:
        points: The values, from left to right at equal distances.
        line: As many, smoothed.
        bounds: The smallest and largest values shown; values outside are left out.
        ends: The labels below the first and the last value.
        mark: The index at which to draw a vertical line; none if None.
        size: Columns and rows.

    Returns:
        Lines of ASCII, with the bounds beside them and the ends below.
    """
    columns, rows = size
    low, high = bounds
    grid = [[" "] * columns for _ in range(rows)]

    def column(place: int) -> int:
        return round(place * (columns - 1) / max(1, len(points) - 1))

    if mark is not None:
        for row in grid:
            row[column(mark)] = "|"
    for values, sign in ((points, "."), (line, "*")):
        for place, value in enumerate(values):
            if low <= value <= high:
                depth = round((high - value) / (high - low) * (rows - 1))
                grid[depth][column(place)] = sign
    labels = [f"{high:.3g}", *[""] * (rows - 2), f"{low:.3g}"]
    width = max(map(len, labels))
    drawn = [
        f"{label:>{width}} |{''.join(row)}".rstrip()
        for label, row in zip(labels, grid, strict=True)
    ]
    left, right = ends
    below = left + right.rjust(columns - len(left))
    return [*drawn, f"{'':>{width}} +{'-' * columns}", f"{'':>{width}}  {below}"]
