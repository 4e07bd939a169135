"""The user's own table is read in batches, for what its columns hold."""

import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data import rows as user_rows
from oumi_scaffold.user_data.columns import (
    Classes,
    Measure,
    Numbers,
    Tags,
    Texts,
    Words,
)
from oumi_scaffold.user_data.inspecting import look_into
from oumi_scaffold.user_data.tables import read_user_table

ROWS = 20_000
TABLE = pa.table(
    {
        "text": [f"text {row}" + "y" * 500 for row in range(ROWS)],
        "body": ["x" * 500] * ROWS,
        "label": [row % 3 for row in range(ROWS)],
        "holed": [None if row == ROWS - 2 else row / 2 for row in range(ROWS)],
    }
)


class Watched(Measure):
    """The most memory that pyarrow holds while a column is read."""

    most = 0

    def _look(self, *batch) -> None:
        self.most = max(self.most, pa.total_allocated_bytes())


def write(path: Path, table: pa.Table) -> Path:
    match path.suffix:
        case ".csv":
            csv.write_csv(table, path)
        case ".parquet":
            parquet.write_table(table, path)
        case ".json":
            path.write_text(json.dumps(table.to_pylist()))
        case _:
            path.write_text("".join(f"{json.dumps(r)}\n" for r in table.to_pylist()))
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(user_rows, "_BLOCK_BYTES", 100_000)


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_long_table_is_never_in_memory(tmp_path, kind):
    path = write(tmp_path / f"long.{kind}", TABLE)
    before = pa.total_allocated_bytes()
    watched = Watched("text")
    tracemalloc.start()
    try:
        read_user_table(path, {}).read(Texts("text"), Classes("label"), watched)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak + watched.most - before < 500 * ROWS / 2


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "jsonl"])
def test_every_kind_of_file_tells_the_same(tmp_path, kind):
    table = read_user_table(write(tmp_path / f"t.{kind}", TABLE), {})
    assert table.names == ["text", "body", "label", "holed"]
    classes, numbers, holed = Classes("label"), Numbers("label"), Numbers("holed")
    words, texts = Words("label"), Numbers("body")
    table.read(Texts("text"), classes, numbers, holed, words, texts)
    assert (classes.number, list(words.values)) == (3, ["0", "1", "2"])
    assert (numbers.reason, holed.reason) == (None, None)
    assert holed.lacking == (
        f"1 of its {ROWS:,} rows has no holed, the first is row {ROWS - 1}"
    )
    assert (texts.reason or "").startswith("row 1 is 'xxx")
    assert table.num_rows == ROWS


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_what_is_wrong_far_down_is_told_with_its_row(tmp_path, kind):
    labels = [""] + ["a"] * (ROWS - 2)
    rows = pa.table({"text": TABLE.column("text")[1:], "label": labels[::-1]})
    table = read_user_table(write(tmp_path / f"t.{kind}", rows), {})
    classes = Classes("label")
    table.read(Texts("text"), classes)
    assert classes.lacking.endswith(f"has no label, the first is row {ROWS - 1}")


@pytest.mark.parametrize("late", ["0.5", "none", ""])
def test_a_csv_column_has_the_type_that_all_of_its_rows_have(tmp_path, late):
    rows = "".join(f"{row},x\n" for row in range(ROWS))
    (tmp_path / "t.csv").write_text(f"a,b\n{rows}{late},x\n")
    table = read_user_table(tmp_path / "t.csv", {})
    numbers = Numbers("a")
    table.read(numbers, Texts("b"))
    reason = {"0.5": None, "none": "row 1 is '0'", "": None}
    assert (numbers.reason, table.num_rows) == (reason[late], ROWS + 1)
    assert numbers.lacking.endswith(f"the first is row {ROWS + 1}") == (late == "")
    if late == "none":
        table.read(Texts("a"))


def test_a_row_may_be_longer_than_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(user_rows, "_BLOCK_BYTES", 100)
    table = read_user_table(write(tmp_path / "wide.csv", TABLE.slice(0, 9)), {})
    table.read(Texts("text"))
    assert table.num_rows == 9


def test_a_column_that_only_later_rows_of_json_have_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(user_rows, "_ROWS_AT_ONCE", 2)
    rows = [{"a": 1, "label": 0}] * 3 + [{"a": 2, "b": 3, "label": 1}]
    (tmp_path / "t.jsonl").write_text("\n\n".join(map(json.dumps, rows)))
    found = look_into(tmp_path / "t.jsonl", "tabular-classification", {})
    assert found.left_out == {"b": "only later rows have it"}
    assert found.dataset_kwargs == {"feature_columns": ["a"]}


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ((["a", "b"], ["O"]), "row 3 has 2 tokens but 1 tags"),
        ((["a", "b"], ["O", ""]), "row 3: tags is '', which is not a class"),
        ((["a"], None), "row 3: tags is None, which is not a list"),
    ],
)
def test_tags_that_do_not_fit_their_tokens_are_told_with_their_row(
    tmp_path, kind, last, reason
):
    rows = [(["a", "b", "c"], ["O", "N", "O"]), (["d"], ["B"]), last]
    table = pa.Table.from_pylist([{"tokens": t, "tags": g} for t, g in rows])
    good = read_user_table(write(tmp_path / f"good.{kind}", table[:2]), {})
    tags = Tags("tokens", "tags")
    good.read(tags)
    assert tags.number == 3
    with pytest.raises(DataFileError, match=reason):
        read_user_table(write(tmp_path / f"t.{kind}", table), {}).read(tags)


def test_numbers_and_names_together_are_as_many_classes_as_there_are(tmp_path):
    for labels, number in (([0, 4, True], 5), ([7, "7", 8], 3)):
        rows = "".join(f"{json.dumps({'label': label})}\n" for label in labels)
        (tmp_path / "t.jsonl").write_text(rows)
        classes = Classes("label")
        read_user_table(tmp_path / "t.jsonl", {}).read(classes)
        assert classes.number == number


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_csv_of_another_separator_is_read_like_one_of_commas(tmp_path, sign):
    path = tmp_path / "data.csv"
    path.write_text(f"\ufefftext{sign}label\n'a, b'{sign}0\nc{sign}2\n")
    table = read_user_table(path, {})
    assert list(table.names) == ["text", "label"]
    classes = Classes("label")
    table.read(Texts("text"), classes)
    assert (table.num_rows, classes.number) == (2, 3)
