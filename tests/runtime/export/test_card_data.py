"""The card of an export names the data as the user knows it."""

from pathlib import Path
from typing import Any

import pytest
from saved_examples import ARGUMENTS, saved, table_row, text_row

from oumi_runtime.export import export
from oumi_runtime.train import train


def card_of(
    task: str, folder: Path, rows: list[dict[str, Any]] | None, **kwargs: Any
) -> str:
    """The first lines of the card of a model that was trained for a step."""
    config = saved(task, folder, rows, max_steps=1)
    for name, value in kwargs.items():
        for split in (config.data.train, config.data.test):
            split.datasets[0].dataset_kwargs[name] = value
    train(config)
    export(config.training.output_dir, "torch", folder / "served")
    return (folder / "served" / "README.md").read_text().partition("## How")[0]


def test_a_table_is_named_with_its_rows_and_columns(tmp_path: Path):
    rows = [{**table_row(n), "kind": "ab"[n % 2]} for n in range(70)]
    columns = {"label_column": "kind", "feature_columns": ["x0", "x1", "x2", "x3"]}
    card = card_of("tabular_classification", tmp_path, rows, **columns)
    assert (
        f"trained on 50 samples of `{tmp_path.name}` (tabular). "
        "It predicts `kind` from `x0`, `x1`, `x2`, `x3`.\n"
    ) in card
    assert str(tmp_path) not in card


def test_of_many_columns_the_first_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = [
        {**{f"x{n:02}": (i * n) % 7 for n in range(25)}, "label": "ab"[i % 2]}
        for i in range(70)
    ]
    monkeypatch.setitem(ARGUMENTS, "num_features", 25)
    card = card_of("tabular_classification", tmp_path, rows)
    assert "`x19` and 5 more.\n" in card


def test_texts_are_named_by_their_file(tmp_path: Path):
    rows = [text_row(number) for number in range(70)]
    card = card_of("text_classification", tmp_path, rows)
    assert f"50 samples of `{tmp_path.name}` (text_classification).\n" in card


def test_a_dataset_without_a_file_goes_by_its_name(tmp_path: Path):
    card = card_of("image_classification", tmp_path, None)
    assert "trained on 1,437 samples of digits.\n" in card
