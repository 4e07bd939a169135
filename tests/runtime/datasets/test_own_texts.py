"""The user's own texts: plain, in pairs, and with a label for each token."""

import json
from pathlib import Path

import pytest

from oumi_runtime.builders import build_dataset
from oumi_runtime.exceptions import DataError


def write_rows(path: Path, *rows: dict) -> str:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def test_a_txt_file_is_one_text(tmp_path: Path):
    (tmp_path / "train.txt").write_text("eins\nzwei ü", encoding="utf-8")
    dataset = build_dataset("text_lm", dataset_path=str(tmp_path))
    assert dataset.columns == {"text": ["eins\nzwei ü"]}


def test_a_txt_file_may_be_named_itself_and_a_table_holds_a_text_a_row(tmp_path: Path):
    (tmp_path / "a.txt").write_text("a")
    table = write_rows(tmp_path / "b.jsonl", {"body": "b"}, {"body": "c"})
    file = build_dataset("text_lm", dataset_path=str(tmp_path / "a.txt"))
    rows = build_dataset("text_lm", dataset_path=table, text_column="body")
    assert (file.columns["text"], rows.columns["text"]) == (["a"], ["b", "c"])


def test_a_folder_of_validation_texts_may_be_named_as_usual(tmp_path: Path):
    (tmp_path / "valid.txt").write_text("v")
    dataset = build_dataset("text_lm", dataset_path=str(tmp_path), split="validation")
    assert dataset.columns["text"] == ["v"]


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "is empty"), (b"\xff\xfe", "is not UTF-8")]
)
def test_a_txt_file_that_is_no_text_is_named(tmp_path: Path, content, message):
    (tmp_path / "train.txt").write_bytes(content)
    with pytest.raises(DataError, match=rf"train\.txt {message}"):
        build_dataset("text_lm", dataset_path=str(tmp_path))


def test_pairs_are_two_columns(tmp_path: Path):
    path = tmp_path / "train.csv"
    path.write_text("text,target\na,1 b\nc,d\n")
    dataset = build_dataset("text_pairs", dataset_path=str(path))
    assert dataset.columns == {"text": ["a", "c"], "target": ["1 b", "d"]}


def test_a_target_that_is_no_text_is_named_with_its_row(tmp_path: Path):
    path = write_rows(
        tmp_path / "a.jsonl", {"text": "a", "target": "b"}, {"text": "c", "target": 1}
    )
    with pytest.raises(DataError, match="row 2: 'target' is 1, not text"):
        build_dataset("text_pairs", dataset_path=path)


@pytest.mark.parametrize("labels", [["O", "B"], [0, 1]])
def test_tokens_have_labels_by_name_or_number(tmp_path: Path, labels):
    path = write_rows(tmp_path / "a.jsonl", {"tokens": ["x", "y"], "labels": labels})
    dataset = build_dataset("token_classification", dataset_path=path)
    assert dataset.columns == {"tokens": [["x", "y"]], "labels": [labels]}


@pytest.mark.parametrize(
    ("tokens", "labels", "message"),
    [
        (["x"], [0, 1], "row 1 has 1 tokens but 2 labels"),
        ("x", [0], "'tokens' is 'x', not a list of texts"),
        (["x", "y"], ["O", 1], "'labels' is .*, not a list of whole numbers"),
    ],
)
def test_rows_that_are_no_tagged_tokens_are_named(
    tmp_path: Path, tokens, labels, message
):
    path = write_rows(tmp_path / "a.jsonl", {"tokens": tokens, "labels": labels})
    with pytest.raises(DataError, match=message):
        build_dataset("token_classification", dataset_path=path)
