"""Files of rows that are read front to back: every row, from any row, and bad ones."""

import json

import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from oumi_runtime.datasets.readers import record_files
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.exceptions import BadRowError, DataError

ROWS = [{"text": f"row {n},\n {'x' * (n % 50)}", "label": n % 5} for n in range(3000)]


def write(folder, suffix, rows=ROWS):
    path = folder / f"rows.{suffix}"
    table = pa.Table.from_pylist(rows)
    if suffix == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif suffix == "csv":
        csv.write_csv(table, path)
    elif suffix == "parquet":
        parquet.write_table(table, path, row_group_size=700)
    else:
        new = pa.ipc.new_file if suffix == "arrow" else pa.ipc.new_stream
        path = path.with_suffix(".arrow")
        with pa.OSFile(str(path), "wb") as file, new(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=600)
    return path


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(record_files, "_BLOCK_BYTES", 20_000)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "arrow", "stream"])
@pytest.mark.parametrize("start", [0, 1, 699, 700, 1501, 2999, 3000, 9000])
def test_every_row_comes_once_from_any_row_on(tmp_path, suffix, start):
    file = RecordFile(write(tmp_path, suffix))
    batches = list(file.read(["label", "text"], start, rows_at_once=256))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [(row["text"], row["label"]) for row in rows] == [
        (row["text"], row["label"]) for row in ROWS[start:]
    ]
    assert all(batch.num_rows <= 256 for batch in batches)
    assert file.num_rows == (3000 if suffix == "parquet" else None)


def test_only_the_columns_asked_for_are_read(tmp_path):
    for suffix in ("jsonl", "csv", "parquet", "arrow"):
        batch = next(RecordFile(write(tmp_path, suffix)).read(["label"]))
        assert batch.schema.names == ["label"]


def test_a_column_of_texts_stays_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\n007,1\n2024-01-01,2\n", encoding="utf-8")
    file = RecordFile(path, text_columns=("text",))
    rows = next(file.read(["text"])).to_pylist()
    assert rows == [{"text": "007"}, {"text": "2024-01-01"}]


@pytest.fixture
def cores():
    """Sets how many cores arrow takes the machine to have."""
    before = pa.cpu_count()
    yield pa.set_cpu_count
    pa.set_cpu_count(before)


def lines(*middle):
    good = ['{"text": "a", "label": 1}'] * 900
    return "\n".join([*good, "", *middle, *good])


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.jsonl", lines('{"text": "b" "label": 2}'), r"a\.jsonl:902 is not JSON"),
        ("a.jsonl", lines("[1]"), r"a\.jsonl:902: row 901 is not a JSON object"),
        (
            "a.jsonl",
            lines('{"text": "b", "label": "x"}'),
            r"a\.jsonl:902: row 901: 'label' is 'x', where others have 1",
        ),
        (
            "a.csv",
            "text,label\n" + "a,1\n" * 6000 + "b,2,3\n",
            r"a\.csv: row 6001: Expected 2 columns, got 3",
        ),
        (
            "a.csv",
            "text,label\n" + "a,1\n" * 6000 + "b,x\n",
            r"a\.csv: row 6001: .*invalid value 'x'",
        ),
    ],
)
@pytest.mark.parametrize("num_cores", [1, 4])
def test_a_bad_row_is_named(tmp_path, cores, num_cores, name, text, sentence):
    cores(num_cores)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(BadRowError, match=sentence) as caught:
        list(RecordFile(tmp_path / name).read(["text", "label"]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jsonl", b"", "has no rows"),
        ("a.csv", b"", "a.csv"),
        ("a.csv", b"text,label\n", "has no rows"),
        ("a.parquet", b"PAR1 and no more", "a.parquet"),
        ("a.arrow", b"nonsense", "a.arrow"),
        ("a.json", b' [{"a": 1}]', "is one JSON list"),
        ("a.txt", b"a", "cannot be streamed"),
    ],
)
def test_what_holds_no_rows_is_refused_in_one_line(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=sentence) as caught:
        RecordFile(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_missing_column_are_named(tmp_path):
    with pytest.raises(DataError, match="no file at"):
        RecordFile(tmp_path / "none.csv")
    file = RecordFile(write(tmp_path, "csv"))
    with pytest.raises(DataError, match=r"did you mean 'text'\?.*text_column"):
        file.require({"text_column": "txt"})
