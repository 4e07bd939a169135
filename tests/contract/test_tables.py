"""What new-model says of a table is what the runtime makes of it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from oumi_runtime.builders import build_dataset, fit_preprocessing
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.datasets.readers.table_features import MAX_CATEGORIES
from oumi_scaffold.user_data import features as user_features
from oumi_scaffold.user_data.inspecting import look_into

CELLS: dict[str, list[Any]] = {
    "text": ["a", " b", 'c "d", e', "東京", "NA", "None"],
    "with gaps": ["x", "y", "", "null", "n/a"],
    "integers": [0, 1, 2, 40],
    "fractions": [0.5, 1e-9, -3, 1e30],
    "flags": ["true", "false", "True"],
    "flags with gaps": ["true", "false", "", "NA"],
    "numbers with gaps": [1, 2.5, "", "NaN"],
    "three or more": [0, 1, 2, "3+"],
    "one word": [*range(40), "old"],
    "other numbers": [*range(40), "1_0"],
    "dates": ["2024-01-01", "2025-12-31"],
    "days": ["01.02.2024", "05.06.2025"],
    "nothing": ["", "NA"],
    "constant": ["same"],
    "zip codes": ["01234", "10115"],
    "spaces": [" 1", "2 ", "3"],
    "signs": ["+1", "-1"],
    "words and gaps": ["NULL", "never"],
}


def cells_of(kind: str, num_rows: int, seed: int) -> list[str]:
    cells = CELLS[kind]
    rare = random.Random(seed)
    if kind in ("one word", "other numbers"):
        return [str(rare.choice(cells[:-1])) for _ in range(num_rows - 1)] + [
            str(cells[-1])
        ]
    return [str(rare.choice(cells)) for _ in range(num_rows)]


def write(path: Path, columns: dict[str, list[str]]) -> None:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell

    rows = zip(*columns.values(), strict=True)
    lines = [",".join(map(quoted, row)) for row in [tuple(columns), *rows]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("num_rows", [30, 200])
def test_the_number_of_features_is_that_of_the_encoded_table(
    tmp_path: Path, num_rows: int
) -> None:
    columns = {kind: cells_of(kind, num_rows, 0) for kind in CELLS}
    columns["label"] = [str(n % 2) for n in range(num_rows)]
    write(tmp_path / "t.csv", columns)
    assert (
        features_of(tmp_path / "t.csv")
        == look_into(tmp_path / "t.csv", "tabular-classification", {}).arguments[
            "num_features"
        ]
    )


@pytest.mark.parametrize("kind", CELLS)
def test_a_column_is_taken_by_both_or_by_none(tmp_path: Path, kind: str) -> None:
    columns = {
        kind: cells_of(kind, 60, 1),
        "size": [str(n) for n in range(60)],
        "label": [str(n % 2) for n in range(60)],
    }
    write(tmp_path / "t.csv", columns)
    found = look_into(tmp_path / "t.csv", "tabular-classification", {})
    if kind in found.left_out:
        with pytest.raises(ValueError, match=kind):
            features_of(tmp_path / "t.csv", whole=True)
    else:
        number = found.arguments["num_features"]
        assert features_of(tmp_path / "t.csv") == number


@pytest.mark.parametrize("seed", range(8))
def test_mixed_values_of_json_are_the_same_to_both(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    values = [1, 2.5, True, None, "x", "", "5", float("nan")]
    some = chosen.sample(values, chosen.randint(1, 4))
    rows = [
        {"a": chosen.choice(some), "b": n % 3, "label": n % 2} for n in range(1100)
    ] + [{"a": value, "b": 1, "label": 0} for value in values[:seed]] * 20
    (tmp_path / "t.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    number = look_into(tmp_path / "t.jsonl", "tabular-classification", {}).arguments[
        "num_features"
    ]
    assert features_of(tmp_path / "t.jsonl") == number


def test_both_take_as_many_categories() -> None:
    assert user_features.MAX_CATEGORIES == MAX_CATEGORIES


def features_of(path: Path, *, whole: bool = False) -> int:
    """The number of features that the runtime makes of what new-model has chosen."""
    kwargs = look_into(path, "tabular-classification", {}).dataset_kwargs
    chosen = {} if whole else kwargs
    dataset = build_dataset("tabular", dataset_path=str(path), **chosen)
    preprocessing = fit_preprocessing(dataset, ModelParams(), nn.Linear(1, 1))
    encoded = preprocessing.apply(dataset)
    assert isinstance(encoded, ColumnDataset)
    return int(encoded.take(slice(0, 2))["features"].shape[1])  # type: ignore[arg-type]


@pytest.mark.parametrize("numbers", [("1,5", "2"), ("1,234", "2,000"), ("1.5", "2,5")])
def test_decimal_commas_are_numbers_to_both_or_to_none(
    tmp_path: Path, numbers: tuple[str, str]
) -> None:
    rows = [f"{numbers[n % 2]};{n};{n % 2}" for n in range(40)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["weight;size;label", *rows]) + "\n")
    arguments = look_into(path, "tabular-classification", {}).arguments
    assert features_of(path) == arguments["num_features"]
