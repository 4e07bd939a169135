"""Turns rows of a table into features as those that the model was trained on."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

_WORDS = {"true": 1.0, "false": 0.0}
_MISSING = {"", "NA", "N/A", "n/a", "#NA", "#N/A", "#N/A N/A", "NULL", "null"}
_MISSING |= {"NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"}


def read_csv(path: str | PathLike[str]) -> list[dict[str, str | None]]:
    """Returns the rows of a csv file; cells such as NA, and empty ones, are None.

    Raises:
        ValueError: A row is longer than the first line, which names the columns.
    """
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        others = (sign for sign in ";\t|" if sign in header)
        separator = "," if "," in header else next(others, ",")
        rows = [*csv.DictReader(file, delimiter=separator)]
    for number, row in enumerate(rows, 1):
        if None in row:
            raise ValueError(f"{path}: row {number} has more cells than the first line")
    return [
        {name: None if cell in _MISSING else cell for name, cell in row.items()}
        for row in rows
    ]


def encode_rows(
    rows: Iterable[Mapping[str, Any]], features: Sequence[Mapping[str, Any]]
) -> list[list[float]]:
    """Returns the features of each row.

    Args:
        rows: Mappings of column names to values; a missing value is None.
        features: What `features.json` holds.

    Raises:
        ValueError: A column is missing, or holds no number where the model takes one.
    """
    categories = {f["column"] for f in features if f["kind"] == "is category"}
    encoded: list[list[float]] = []
    for number, row in enumerate(rows, 1):
        values: dict[str, Any] = {}
        for name in dict.fromkeys(feature["column"] for feature in features):
            if number == 1 and name not in row:
                raise ValueError(f"row 1 has no column {name!r}")
            value = row.get(name)
            if value is None or value == "" or value != value:
                values[name] = None
            elif name in categories:
                values[name] = str(value)
            else:
                values[name] = _number(value, f"row {number}: {name!r}")
        encoded.append([_encoded(each, values[each["column"]]) for each in features])
    return encoded


def _number(value: Any, where: str) -> float:
    try:
        number = _WORDS.get(str(value).lower())
        number = float(value) if number is None else number
    except (TypeError, ValueError):
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{where} is {value!r}, not a number")
    return number


def _encoded(feature: Mapping[str, Any], value: Any) -> float:
    if feature["kind"] == "number":
        return float(feature.get("mean", 0.0) if value is None else value)
    if not feature.get("is_seen", True):  # In no row that the model was trained on.
        return 0.0
    if feature["kind"] == "is missing":
        return float(value is None)
    return float(value == feature["category"])
