"""The lines of a file of predictions: JSON or csv."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

Prediction = dict[str, Any]
_SUFFIXES = (".jsonl", ".json", ".csv")
_SINGULARS = {"probabilities": "probability", "shares": "share"}


class JsonLines:
    """One JSON object a line."""

    def of(self, predictions: Sequence[Prediction]) -> str:
        """Returns the lines of some predictions."""
        return "".join(
            f"{json.dumps(each, ensure_ascii=False)}\n" for each in predictions
        )


class CsvLines:
    """One row for each prediction, below a header.

    The probability and the share of each class, each number of an embedding, and each
    of several values, have a column of their own: `probability_NAME`, `share_NAME`,
    `embedding_0` and `value_0`. Several labels are one JSON list.
    """

    def __init__(self) -> None:
        """Begins a file; its columns are those of the first prediction."""
        self._has_header = False

    def of(self, predictions: Sequence[Prediction]) -> str:
        """Returns the lines of some predictions, after the header if it is missing."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for prediction in predictions:
            cells = dict(_cells(prediction))
            if not self._has_header:
                writer.writerow(cells)
                self._has_header = True
            writer.writerow(cells.values())
        return text.getvalue()


Lines = JsonLines | CsvLines


def lines_for(file: Path | None) -> Lines:
    """Returns what makes the lines of a file of this name; JSON if it is None.

    Raises:
        UsageError: The name has another ending.
    """
    if file is None:
        return JsonLines()
    suffix = file.suffix.lower()
    if suffix not in _SUFFIXES:
        raise click.UsageError(
            f"--output: predictions are written as {', '.join(_SUFFIXES)}, and {file} "
            "ends otherwise"
        )
    return CsvLines() if suffix == ".csv" else JsonLines()


def _cells(prediction: Prediction) -> Iterator[tuple[str, Any]]:
    for name, value in prediction.items():
        if name in _SINGULARS:
            for key, inner in value.items():
                yield f"{_SINGULARS[name]}_{key}", inner
        elif name in ("embedding", "values"):
            for place, inner in enumerate(value):
                yield f"{name.removesuffix('s')}_{place}", inner
        elif isinstance(value, list):
            yield name, json.dumps(value, ensure_ascii=False)
        else:
            yield name, value
