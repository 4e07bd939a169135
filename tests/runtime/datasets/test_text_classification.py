"""The user's own labelled texts."""

import io
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from oumi_runtime.datasets import TextClassification
from oumi_runtime.exceptions import DataError

ROWS = [("good, day", "pos"), ('two\nlines "quoted"', "neg"), ("ünï 日本", "pos")]
CSV = 'text,label\n"good, day",pos\n"two\nlines ""quoted""",neg\nünï 日本,pos\n'
JSONL = "".join(json.dumps({"text": t, "label": x}) + "\n" for t, x in ROWS)


def as_parquet(columns: dict[str, object]) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    return file.getvalue()


PARQUET = as_parquet({"text": [t for t, _ in ROWS], "label": [x for _, x in ROWS]})


def read(folder, name, **kwargs):
    return TextClassification(str(folder / name), **kwargs)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV),
        ("a.CSV", CSV),
        ("a.csv", "\ufeff" + CSV),
        ("a.csv", CSV.replace("\n", "\r\n").replace("two\r\n", "two\n")),
        ("a.jsonl", JSONL),
        ("a.jsonl", "\ufeff" + JSONL.replace("\n", "\r\n\r\n")),
        ("a.json", JSONL),
        ("a.json", json.dumps([{"label": x, "text": t} for t, x in ROWS], indent=1)),
        ("a.parquet", PARQUET),
    ],
)
def test_every_kind_of_file_gives_the_same_rows(write, name, content):
    dataset = read(write({name: content}), name)
    assert list(zip(dataset.texts, dataset.labels, strict=True)) == ROWS
    assert dataset.label_names is None


@pytest.mark.parametrize(
    ("split", "file"),
    [
        ("train", "train.csv"),
        ("validation", "validation.jsonl"),
        ("validation", "valid.csv"),
        ("validation", "val.parquet"),
        ("validation", "dev.csv"),
        ("test", "test.json"),
    ],
)
def test_a_folder_holds_one_file_a_split(write, split, file):
    kinds = {"csv": CSV, "jsonl": JSONL, "json": JSONL, "parquet": PARQUET}
    folder = write({file: kinds[file.split(".")[1]], "other.txt": ""})
    assert len(TextClassification(str(folder), split=split)) == 3
    with pytest.raises(DataError, match="has no holdout split; name a file"):
        TextClassification(str(folder), split="holdout")


def test_columns_can_have_other_names(write):
    folder = write({"a.csv": "review,stars\na,1\nb,0\n"})
    dataset = read(folder, "a.csv", text_column="review", label_column="stars")
    assert (dataset.texts, dataset.labels) == (["a", "b"], [1, 0])


def test_texts_of_a_csv_are_never_taken_for_numbers_or_dates(write):
    folder = write({"a.csv": "text,label\n007,0\n2024-01-01,1\n,0\nNA,1\ntrue,0\n"})
    assert read(folder, "a.csv").texts == ["007", "2024-01-01", "", "NA", "true"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_text_may_be_megabytes_long(write, name):
    text = "long " * 700_000
    content = f"text,label\n{text},1\n"
    if name == "a.jsonl":
        content = json.dumps({"text": text, "label": 1})
    assert read(write({name: content}), name).texts == [text]


def test_labels_are_read_the_same_however_far_down_they_change(write):
    rows = "a,1\n" * 400_000 + "b,x\n"
    dataset = read(write({"a.csv": "text,label\n" + rows}), "a.csv")
    assert dataset.labels[0] == "1"
    assert dataset.labels[-1] == "x"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text,label\na,false\nb,true\n"),
        ("a.jsonl", '{"text":"a","label":false}\n{"text":"b","label":true}\n'),
        ("a.parquet", as_parquet({"text": ["a", "b"], "label": [False, True]})),
    ],
)
def test_false_and_true_are_the_classes_0_and_1(write, name, content):
    labels = read(write({name: content}), name).labels
    assert labels == [0, 1]
    assert [type(label) for label in labels] == [int, int]


def test_a_parquet_file_of_categories_is_read(write):
    labels = pa.array(["x", "y", "x"]).dictionary_encode()
    content = as_parquet({"text": ["a", "b", "c"], "label": labels})
    assert read(write({"a.parquet": content}), "a.parquet").labels == ["x", "y", "x"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", "", r"a\.csv is not valid csv: Empty CSV file"),
        ("a.csv", "text,label\na,1,2\n", "is not valid csv: .*Expected 2 columns"),
        ("a.csv", 'text,label\n"a\nb,1\n', "is not valid csv"),
        ("a.csv", b"text,label\n\xff,1\n", "is not valid csv: .*UTF8"),
        ("a.csv", "text,lable\na,1\n", r"no column 'label' \(did you mean 'lable'\?\)"),
        ("a.csv", "text,text,label\na,b,1\n", "two columns named 'text'"),
        ("a.csv", "text,label\na,1\nb,\n", "row 2 has no 'label'"),
        ("a.csv", "text,label\na,x\nb,\n", "row 2 has no 'label'"),
        ("a.csv", "text,label\na,0.5\nb,1\n", "row 1: 'label' is 0.5; classes must be"),
        (
            "a.csv",
            "text,label\na,2024-01-01\n",
            "row 1: 'label' is .*; classes must be",
        ),
        ("a.jsonl", '{"text": "a"\n', r"a\.jsonl:1 is not JSON"),
        ("a.jsonl", '{"text":"a","label":1}\n\nx\n', r"a\.jsonl:3 is not JSON"),
        ("a.json", '[{"text":"a","label":1},\n{"text":]', r"a\.json:2 is not JSON"),
        ("a.jsonl", '{"text":"a","label":1}\n5\n', "row 2 is not a JSON object"),
        ("a.jsonl", '{"text":"a","label":1}\n{"text":"b"}\n', "row 2 has no 'label'"),
        ("a.jsonl", '{"text":null,"label":1}\n', "row 1 has no 'text'"),
        (
            "a.jsonl",
            '{"text":["a"],"label":1}\n',
            r"row 1: 'text' is \['a'\], not text",
        ),
        (
            "a.jsonl",
            '{"text":"a","label":1.0}\n',
            "row 1: 'label' is 1.0; classes must",
        ),
        (
            "a.jsonl",
            '{"text":"a","label":"x"}\n{"text":"b","label":3}\n',
            "row 2: .* is 3",
        ),
        ("a.jsonl", '{"body":"a","label":1}\n', "no column 'text', only body, label"),
        ("a.jsonl", b"\xff\xfe", "is not UTF-8"),
        ("a.jsonl", "[" * 100_000, r"a\.jsonl:1 is not JSON"),
        ("a.parquet", b"PAR1 and no more", "is not valid parquet"),
        ("a.parquet", b"", "is not valid parquet"),
        (
            "a.parquet",
            as_parquet({"text": [1], "label": [1]}),
            "'text' is 1, not text",
        ),
        ("a.txt", "text", "has an unknown file type; use one of .jsonl"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_file(
    write, name, content, sentence
):
    folder = write({name: content})
    with pytest.raises(DataError, match=sentence) as error:
        read(folder, name)
    text = str(error.value)
    assert str(folder / name) in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", "text,label\n"), ("a.jsonl", ""), ("a.jsonl", "\n\n"), ("a.json", "[]")],
)
def test_a_file_without_rows_has_no_samples(write, name, content):
    assert len(read(write({name: content}), name)) == 0


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(
        DataError, match=r"no file or folder at .*nowhere; set dataset_p"
    ):
        TextClassification(str(tmp_path / "nowhere"))


def test_half_a_surrogate_pair_does_not_stop_the_tokenizer(write):
    dataset = read(write({"a.jsonl": '{"text":"a\\ud800b","label":1}'}), "a.jsonl")
    assert dataset.texts == ["a?b"]
