"""Of the user's own table only the columns that are looked at become Python values."""

import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from oumi_scaffold import user_tables
from oumi_scaffold.user_tables import UserTable, read_user_table

ROWS = 5_000
TABLE = pa.table(
    {
        "text": [f"text {row}" for row in range(ROWS)],
        "body": ["x" * 500] * ROWS,
        "label": [row % 3 for row in range(ROWS)],
    }
)


def looked_at(path: Path) -> tuple[UserTable, int]:
    """The table, and the peak of Python's memory while two columns are looked at."""
    tracemalloc.start()
    try:
        table = read_user_table(path, {})
        assert table.number_of_classes("label") == 3
        assert table.columns["text"][1] == "text 1"
        return table, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_other_columns_are_left_as_they_are(tmp_path, kind):
    path = tmp_path / f"wide.{kind}"
    {"csv": csv.write_csv, "parquet": parquet.write_table}[kind](TABLE, path)
    table, peak = looked_at(path)
    assert peak < 500 * ROWS / 2
    assert table.num_rows == ROWS
    assert list(table.columns["body"]) == TABLE.column("body").to_pylist()


def test_a_row_may_be_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(user_tables, "_BLOCK_BYTES", 100)
    path = tmp_path / "wide.csv"
    csv.write_csv(TABLE.slice(0, 9), path)
    assert read_user_table(path, {}).num_rows == 9


def test_rows_of_json_may_have_different_columns(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n\n{"b": 2, "a": 3}\n{"c": 4}')
    assert read_user_table(path, {}).columns == {
        "a": [1, 3, None],
        "b": [None, 2, None],
        "c": [None, None, 4],
    }
