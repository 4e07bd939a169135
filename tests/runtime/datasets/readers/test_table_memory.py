"""Of a table only the columns that are asked for are in memory."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from oumi_runtime.core.datasets import TaggedTexts
from oumi_runtime.datasets.readers import csv_files
from oumi_runtime.datasets.readers.tables import read_columns, read_table
from oumi_runtime.datasets.tabular import Tabular

ROWS = 20_000
OTHERS = 400 * ROWS
"""Bytes of the column that is not asked for."""

POOLS: list[pa.MemoryPool] = []
"""Kept, as a thread of Arrow's may free what it has read when a test is over."""


@pytest.fixture(scope="module")
def wide() -> pa.Table:
    draws = Random(0)
    return pa.table(
        {
            "text": [f"text {row}" for row in range(ROWS)],
            "body": [draws.randbytes(200).hex() for _ in range(ROWS)],
            "label": [row % 3 for row in range(ROWS)],
        }
    )


def write_jsonl(table: pa.Table, path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))


def test_of_a_parquet_file_no_other_column_is_read(tmp_path, wide):
    parquet.write_table(wide, tmp_path / "wide.parquet")
    assert arrow_peak(tmp_path / "wide.parquet", ["text", "label"]) < OTHERS / 4
    assert arrow_peak(tmp_path / "wide.parquet", ["text", "body"]) > OTHERS


def test_of_a_csv_file_no_other_column_is_made(tmp_path, wide):
    csv.write_csv(wide, tmp_path / "wide.csv")
    few, _ = csv_files.read_csv(tmp_path / "wide.csv", ["text"], ["text", "label"])
    assert few.nbytes < OTHERS / 4


def test_a_csv_file_is_read_at_once_only_if_types_change(tmp_path, monkeypatch):
    # Arrow's memory is then more than twice that of the table.
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 100)
    path = tmp_path / "mixed.csv"
    whole: list[Path] = []
    read_csv = csv.read_csv

    def noted(path: Path, *options: Any) -> pa.Table:
        whole.append(path)
        return read_csv(path, *options)

    monkeypatch.setattr(csv, "read_csv", noted)
    path.write_text("x,y\n" + "".join(f"{row},a\n" for row in range(200)))
    assert read_table(path).listed("x") == [*range(200)]
    assert not whole
    path.write_text(path.read_text() + "0.5,a\n")
    assert read_table(path).listed("x")[-2:] == [199.0, 0.5]
    assert whole == [path]


def test_a_table_of_numbers_reads_no_column_that_is_left_out(
    tmp_path, monkeypatch, wide
):
    path = tmp_path / "wide.parquet"
    parquet.write_table(wide.append_column("size", wide.column("label")), path)
    sizes: list[int] = []
    read_whole = parquet.read_table

    def measured(*arguments: Any, **options: Any) -> pa.Table:
        table = read_whole(*arguments, **options)
        sizes.append(table.nbytes)
        return table

    monkeypatch.setattr(parquet, "read_table", measured)
    assert len(Tabular(str(path), feature_columns=["size"])) == ROWS
    assert 2 * 8 * ROWS <= sizes[0] < 3 * 8 * ROWS


def test_fractions_with_missing_values_are_an_array(tmp_path):
    parquet.write_table(pa.table({"x": [0.5, None, 2.0]}), tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("x\n0.5\nNA\n2\n")
    for name in ("t.parquet", "t.csv"):
        values = read_table(tmp_path / name).columns["x"]
        assert isinstance(values, np.ndarray)
        assert np.isnan(values).tolist() == [False, True, False]


def test_equal_texts_of_a_table_are_one_object(tmp_path):
    rows = [*("abc"[row % 3] * 9 for row in range(99)), None]
    parquet.write_table(pa.table({"label": rows}), tmp_path / "labels.parquet")
    values = read_table(tmp_path / "labels.parquet").listed("label")
    assert values == rows
    assert len({*map(id, values)}) == 4


def test_types_are_those_of_all_blocks_and_a_row_may_be_longer(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 100)
    path = tmp_path / "mixed.csv"
    rows = [*range(50), 1.5, *range(50)]
    path.write_text("x,y\n" + "".join(f"{row},\n" for row in rows))
    assert read_table(path).listed("x") == [float(row) for row in rows]
    path.write_text(f"x,y\n1,short\n2,{'long' * 99}\n")
    table = read_table(path)
    assert table.listed("x") == [1, 2]
    assert table.numbers == range(1, 3)


def test_of_a_json_file_one_line_is_in_memory(tmp_path, wide):
    write_jsonl(wide, tmp_path / "wide.jsonl")
    tracemalloc.start()
    try:
        table = read_columns(tmp_path / "wide.jsonl", ("text", "label"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(table) == ROWS
    assert peak < OTHERS / 2


def arrow_peak(path: Path, names: list[str]) -> int:
    """The most bytes that Arrow had at once while it read some columns."""
    before = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(before)
    POOLS.append(pool)
    pa.set_memory_pool(pool)
    try:
        assert len(read_columns(path, names)) == ROWS
    finally:
        pa.set_memory_pool(before)
    most = pool.max_memory()
    assert most is not None
    return most


@pytest.mark.parametrize("write", [csv.write_csv, parquet.write_table, write_jsonl])
def test_the_names_of_the_others_are_known(tmp_path, wide, write: Callable[..., None]):
    suffix = {csv.write_csv: "csv", parquet.write_table: "parquet"}.get(write, "jsonl")
    path = tmp_path / f"wide.{suffix}"
    write(wide.slice(0, 5), path)
    table = read_columns(path, ("label", "text"))
    assert list(table.columns) == ["text", "body", "label"]
    assert table.columns["text"] == [f"text {row}" for row in range(5)]
    assert not len(table.columns["body"])


def test_a_json_row_has_none_for_what_only_others_have(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\r\n\n{"b": 2, "a": 3}\r{"c": 4}')
    table = read_table(path)
    assert table.columns == {
        "a": [1, 3, None],
        "b": [None, 2, None],
        "c": [None, None, 4],
    }
    assert list(table.numbers) == [1, 2, 3]


@pytest.mark.parametrize("write", [parquet.write_table, write_jsonl])
def test_equal_tokens_are_one_object(tmp_path, write: Callable[..., None]):
    rows = [[f"t{n % 7}", "été", "x"] for n in range(50)]
    table = pa.table({"tokens": [*rows, None], "tags": [[0, 1, 2]] * 51})
    suffix = "parquet" if write is parquet.write_table else "jsonl"
    path = tmp_path / f"tagged.{suffix}"
    write(table.slice(0, 50), path)
    read = read_columns(path, ("tokens", "tags"))
    texts = TaggedTexts(read.listed("tokens"), read.listed("tags"))
    assert [*texts.columns["tokens"]] == rows
    assert len({id(word) for row in texts.columns["tokens"] for word in row}) == 9
    write(table, path)
    assert read_table(path).listed("tokens") == [*rows, None]
