"""What each column of a user's table is told to be, and how many features it gives."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from oumi_scaffold.user_data import rows as user_rows
from oumi_scaffold.user_data.features import Feature
from oumi_scaffold.user_data.tables import read_user_table


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(user_rows, "_BLOCK_BYTES", 200)
    monkeypatch.setattr(user_rows, "_ROWS_AT_ONCE", 4)


def feature_of(folder: Path, kind: str, values: list) -> Feature:
    """What is found out about one column."""
    path = folder / f"t.{kind}"
    match kind:
        case "csv":
            cells = ["" if value is None else str(value) for value in values]
            path.write_text("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
        case "parquet":
            parquet.write_table(pa.table({"a": values}), path)
        case _:
            path.write_text("".join(json.dumps({"a": v}) + "\n" for v in values))
    feature = Feature("a", is_csv=kind == "csv")
    read_user_table(path, {}).read(feature)
    return feature


kinds = pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])


@kinds
@pytest.mark.parametrize(
    ("values", "num_features", "treatment"),
    [
        ([0, 1, 1, 0] * 9, 1, None),
        ([1, 5, 99] * 9, 1, None),
        ([5] * 9, 1, None),
        ([0.5, None, None], 2, "2 missing values, filled with the mean"),
        (
            [*range(200), None],
            2,
            "1 missing value, filled with the mean; another featu",
        ),
        ([True, False] * 9, 1, "true or false, which become 1 and 0"),
        ([True, None] * 9, 2, "9 missing values, filled with the mean"),
        (["x", "y", "z"] * 9, 3, "text, a feature for each of 3 categories"),
        (["x"] * 9, 1, "text of one category, one feature"),
        ([*"xyz" * 9, None, ""], 3, "of 3 categories; 0 for 2 missing values"),
    ],
)
def test_every_kind_of_file_gives_the_same_features(
    tmp_path, kind, values, num_features, treatment
):
    feature = feature_of(tmp_path, kind, values)
    assert feature.reason is None
    assert feature.num_features == num_features
    assert (feature.treatment is None) == (treatment is None)
    assert (treatment or "") in (feature.treatment or "")


@kinds
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([None] * 9, "it has no values"),
        ([f"n{n}" for n in range(101)] * 9, "it has more than 100 different texts"),
        (["x", "y", "z", None], "it has 3 different texts in 3 rows"),
    ],
)
def test_a_column_that_is_no_feature_is_left_out_with_its_reason(
    tmp_path, kind, values, reason
):
    assert feature_of(tmp_path, kind, values).reason == reason


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("csv", [*range(50), "old"], "row 51 is 'old', where most are numbers"),
        ("jsonl", [*range(50), "old"], "row 51 is 'old', where most are numbers"),
        ("csv", [*range(300), "?", "?"], "row 301 is '?', where most are numbers"),
        ("csv", ["2024-01-01", "2024-02-01"], "it holds dates or times"),
        ("csv", ["12:30:00", None], "it holds dates or times"),
        ("jsonl", [1, [2]], "row 2 is [2]"),
        ("parquet", [[1], [2]], "row 1 is [1]"),
        ("parquet", [0.5, float("nan"), 1e39], "row 3 is 1e+39"),
        ("csv", [0.5, "", "-inf"], "row 3 is -inf"),
        ("jsonl", [1, None, float("inf")], "row 3 is inf"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(tmp_path, kind, values, reason):
    assert feature_of(tmp_path, kind, values).reason == reason


@pytest.mark.parametrize("word", ["NA", "null", "NaN", '""', "n/a"])
def test_words_for_missing_values_count_as_such_in_csv_files(tmp_path, word):
    for values in (["x", "x", "y", "y", word], [1, 2, 3, word]):
        feature = feature_of(tmp_path, "csv", values)
        assert feature.reason is None
        assert "1 missing value" in (feature.treatment or "")
        assert feature.num_features == 2


def test_numbers_among_texts_are_categories(tmp_path):
    for kind in ("csv", "jsonl"):
        for values in ([0, 1, 2, "3+"] * 5, [0, 1, 2, 0, *["3+"] * 4]):
            assert feature_of(tmp_path, kind, values).num_features == 4
