"""Reads csv files into Arrow tables, and finds malformed rows."""

import csv
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from oumi_runtime.core.datasets.rows.bad_rows import reject_row

CSV_REASON = re.compile(
    r"(In CSV column #\d+: |CSV parse error: )Row #(?P<row>\d+): (?P<reason>.*)"
)
_FRACTION = re.compile(r"[+-]?\d+[.,]\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
_OTHER_SEPARATORS = ";\t|"
_MOST_HEADER_BYTES = 1 << 20
_BLOCK_BYTES = 16 << 20


def separator_of(path: Path) -> str:
    """Returns what separates the columns: a comma, or what stands in its place.

    That is a semicolon, tab or bar, if the header has one and no comma.
    """
    with path.open("rb") as file:
        header = file.readline(_MOST_HEADER_BYTES)
    others = (sign for sign in _OTHER_SEPARATORS if sign.encode() in header)
    return "," if b"," in header else next(others, ",")


def decimal_mark_of(path: Path) -> str:
    """Returns what divides fractions from whole numbers: a point, or a comma.

    It is a comma if commas do not separate columns, the beginning of the file has
    numbers with a comma and none with a point, and not all of them look like thousands,
    as 1,234 does.
    """
    separator = separator_of(path)
    if separator == ",":
        return "."
    with path.open("rb") as file:
        lines = file.read(_MOST_HEADER_BYTES).decode(errors="replace").splitlines()
    cells = [cell.strip(' "') for line in lines for cell in line.split(separator)]
    numbers = [cell for cell in cells if _FRACTION.fullmatch(cell)]
    has_points = any("." in number for number in numbers)
    are_thousands = all(_THOUSANDS.fullmatch(number) for number in numbers)
    return "." if has_points or are_thousands else ","


def csv_header(path: Path) -> list[str]:
    """Returns the names of the columns, or none where the first row is not csv."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            return next(csv.reader(file, delimiter=separator_of(path)), [])
        except csv.Error:
            return []  # For example, an unclosed quote; Arrow has a better message.


def missing_words() -> frozenset[str]:
    """Returns the cells that mean a missing value: Arrow's, such as NA, and empty."""
    from pyarrow import csv as arrow_csv

    return frozenset(arrow_csv.ConvertOptions().null_values)


def text_columns(path: Path) -> list[str]:
    """Returns the columns that are text, going by the first block of the file."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        with arrow_csv.open_csv(path, *_csv_options(path, (), None, None)) as stream:
            fields = list(stream.schema)
    except (pa.ArrowException, OSError):
        return []  # Whoever reads the file has the message.
    return [field.name for field in fields if pa.types.is_string(field.type)]


def read_csv(
    path: Path, as_text: Collection[str], chosen: list[str] | None
) -> tuple[Any, list[int] | None]:
    """Returns the table, and its row numbers if bad rows were left out."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    try:
        # The types are those of the first block; all at once takes twice the memory.
        options = _csv_options(path, as_text, chosen, None)
        with arrow_csv.open_csv(path, *options) as stream:
            return stream.read_all(), None
    except pa.ArrowInvalid:
        pass
    try:
        return _arrow_csv(path, as_text, chosen, None), None
    except pa.ArrowInvalid:
        bad: list[Any] = []
        table = _arrow_csv(path, as_text, chosen, bad)
    for row in bad:
        reason = (
            f"Expected {row.expected_columns} columns, got {row.actual_columns}: "
            f"{row.text!r:.40}"
        )
        message = f"{path} is not valid csv: row {row.number - 1}: {reason}"
        reject_row(path, row.number - 1, reason, message=message)
    if not bad:  # A row is longer than a block.
        return table, None
    left_out = {row.number - 1 for row in bad}
    numbers = range(1, table.num_rows + len(bad) + 1)
    return table, [number for number in numbers if number not in left_out]


def _arrow_csv(
    path: Path,
    as_text: Collection[str],
    chosen: list[str] | None,
    bad: list[Any] | None,
) -> Any:
    """Reads the file at once, and finds the types in all of it."""
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(path, *_csv_options(path, as_text, chosen, bad))


def _csv_options(
    path: Path,
    as_text: Collection[str],
    chosen: list[str] | None,
    bad: list[Any] | None,
) -> tuple[Any, Any, Any]:
    """Returns how to read, parse and convert the file.

    Args:
        path: The file.
        as_text: Columns to read as text, whatever their values look like.
        chosen: The columns to read; all if None.
        bad: A list to which rows with too few or too many values are appended; if it
            is None, such rows are errors.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def note(row: Any) -> str:
        assert bad is not None
        bad.append(row)
        return "skip"

    # A row must fit into one block, and with threads, Arrow does not number the rows.
    whole = min(path.stat().st_size + 1, 2**31 - 1)
    return (
        arrow_csv.ReadOptions(
            block_size=whole if bad is not None else _BLOCK_BYTES,
            use_threads=bad is None,
        ),
        arrow_csv.ParseOptions(
            delimiter=separator_of(path),
            # Quoted texts may contain line breaks.
            newlines_in_values=True,
            invalid_row_handler=None if bad is None else note,
        ),
        # Values such as 007 and 2024-01-01 stay texts.
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(as_text, pa.string()),
            include_columns=chosen,
            decimal_point=decimal_mark_of(path),
        ),
    )
