"""Turns rows of a table into features as those that the model was trained on."""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

_FRACTION = re.compile(r"[+-]?\d+[.,]\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
_HEAD = 1 << 20
_WORDS = {"true": 1.0, "false": 0.0}
_MISSING = {"", "NA", "N/A", "n/a", "#NA", "#N/A", "#N/A N/A", "NULL", "null"}
_MISSING |= {"NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"}


def encode_csv(
    path: str | PathLike[str], features: Sequence[Mapping[str, Any]]
) -> list[list[float]]:
    """Returns the features of the rows of a csv file; see `encode_rows`.

    Cells such as NA, and empty ones, are missing values. What separates the cells, and
    whether numbers have a point or a comma, is found out.
    """
    text = Path(path).read_text("utf-8-sig")
    header = text.partition("\n")[0]
    others = (sign for sign in ";\t|" if sign in header)
    separator = "," if "," in header else next(others, ",")
    has_commas = _has_decimal_commas(text, separator)
    categories = _categories(features)
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(_read(text, separator), 1):
        if None in row:
            raise ValueError(f"row {number} has more cells than the first line")
        cells = {k: None if cell in _MISSING else cell for k, cell in row.items()}
        if has_commas:
            for name in cells.keys() - categories:
                cells[name] = (cells[name] or "").replace(",", ".")
        rows.append(cells)
    return encode_rows(rows, features)


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
    categories = _categories(features)
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


def _read(text: str, separator: str) -> Iterator[dict[Any, Any]]:
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)


def _has_decimal_commas(text: str, separator: str) -> bool:
    """Whether numbers have commas, and not only such as may be thousands, as 1,234."""
    cells = (
        cell.strip(' "')
        for line in text[:_HEAD].splitlines()
        for cell in line.split(separator)
    )
    numbers = [cell for cell in cells if _FRACTION.fullmatch(cell)]
    has_points = any("." in number for number in numbers)
    are_thousands = all(_THOUSANDS.fullmatch(number) for number in numbers)
    return separator != "," and not has_points and not are_thousands


def _categories(features: Sequence[Mapping[str, Any]]) -> set[str]:
    """Returns the columns that are text."""
    return {f["column"] for f in features if f["kind"] == "is category"}


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
