"""Which columns of a user's table the config names, and for what."""

import pytest

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data.inspecting import look_into


def test_a_name_of_the_split_is_no_feature(tmp_path):
    for split in ("train", "test"):
        rows = f"1,{split},0\n2,{split},1\n"
        (tmp_path / f"{split}.csv").write_text(f"size,split,label\n{rows}")
    found = look_into(tmp_path, "tabular-classification", {})
    assert found.left_out == {"split": "it names the split"}
    found = look_into(tmp_path / "train.csv", "tabular-classification", {})
    assert found.dataset_kwargs == {"split_column": "split"}


def test_a_table_without_any_feature_is_refused_with_the_reasons(tmp_path):
    (tmp_path / "t.csv").write_text("who,label\na,0\nb,1\nc,0\n")
    reason = r"no column to predict label from, only who \(it has 3 different texts"
    with pytest.raises(DataFileError, match=reason):
        look_into(tmp_path / "t.csv", "tabular-classification", {})


def test_features_are_counted_after_they_are_encoded(tmp_path):
    rows = "1,a,,0\n2,b,5,1\n3,a,,0\n4,c,6,1\n5,b,7,1\n6,c,8,0\n"
    (tmp_path / "t.csv").write_text(f"size,kind,age,label\n{rows}")
    for task, more in (
        ("tabular-classification", {"num_classes": 2}),
        ("tabular-regression", {}),
    ):
        found = look_into(tmp_path / "t.csv", task, {})
        assert found.arguments == {"num_features": 6, **more}
        assert list(found.encoded) == ["kind", "age"]
        assert not found.left_out
        assert "feature_columns" not in found.dataset_kwargs
