"""The examples' models with small data of their own, saved as after a run."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.builders import (
    build_model,
    fit_preprocessing,
    prepare_split,
    read_split,
)
from oumi_runtime.builders.preprocessing.scaling import fit_scalers
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig

EXAMPLES = Path(__file__).parents[2] / "examples"
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"]
SHAPES = ["circle", "line", "square"]


def text(number: int) -> str:
    """A text of one to nine words."""
    return " ".join(WORDS[(number + n) % len(WORDS)] for n in range(number % 9 + 1))


def text_row(number: int) -> dict[str, Any]:
    return {"text": text(number), "label": SHAPES[number % 3]}


def token_row(number: int) -> dict[str, Any]:
    tokens = text(number).split()
    return {"tokens": tokens, "labels": [SHAPES[len(token) % 3] for token in tokens]}


def pair_row(number: int) -> dict[str, Any]:
    return {"text": text(number), "target": text(number + 3)}


def table_row(number: int) -> dict[str, Any]:
    values = {f"x{n}": (number * (n + 2)) % 11 - 2.5 for n in range(4)}
    return {**values, "label": SHAPES[number % 3]}


def amount_row(number: int) -> dict[str, Any]:
    return {**table_row(number), "label": 100.5 + 7 * (number % 13)}


ROWS = {
    "text_classification": ("text_classification", text_row),
    "token_classification": ("token_classification", token_row),
    "causal_lm": ("text_lm", lambda number: {"text": text(number)}),
    "seq2seq": ("text_pairs", pair_row),
    "embedding": ("text_pairs", pair_row),
    "tabular_classification": ("tabular", table_row),
    "tabular_regression": ("tabular", amount_row),
}
ARGUMENTS = {
    "hidden_dim": 32,
    "num_classes": 3,
    "num_features": 4,
    "dropout": 0.0,
    "vocab_size": 300,
    "num_layers": 1,
    "num_heads": 4,
}


def saved(
    task: str,
    folder: Path,
    rows: Sequence[dict[str, Any]] | None = None,
    *,
    config_file: Path | None = None,
    **training: Any,
) -> TrainingConfig:
    """Saves the untrained model of an example, as after a run.

    Args:
        task: The folder of the example.
        folder: Gets the data, of 50 and 20 rows, and the output folder.
        rows: 70 rows in place of the task's usual ones.
        config_file: The config of another model for the task, in place of the example.
        training: Fields of the training section.
    """
    (path,) = (EXAMPLES / task / "configs").glob("*.yaml")
    config = TrainingConfig.from_yaml(config_file or path)
    for name in config.model.model_kwargs:
        if name in ARGUMENTS and task != "image_classification":
            config.model.model_kwargs[name] = ARGUMENTS[name]
    if task in ROWS:
        dataset_name, row = ROWS[task]
        rows = rows or [row(number) for number in range(70)]
        write_rows(folder / "train.jsonl", rows[:50])
        write_rows(folder / "test.jsonl", rows[50:])
        for split in DatasetSplit:
            (dataset,) = config.data.get_split(split).datasets
            dataset.dataset_name, dataset.dataset_path = dataset_name, str(folder)
        config.data.validation.datasets = []
    fields = {"output_dir": str(folder / "out"), "eval_strategy": "no", **training}
    for name, value in fields.items():
        setattr(config.training, name, value)
    save(config)
    return config


def save(config: TrainingConfig) -> None:
    """Saves the untrained model and the preprocessing of a config."""
    config.finalize_and_validate()
    torch.manual_seed(0)
    data = read_split(config, DatasetSplit.TRAIN)
    model = build_model(config.model)
    preprocessing = fit_preprocessing(data, config.model, model)
    prepared = prepare_split(data, config, DatasetSplit.TRAIN, preprocessing)
    fit_scalers(model, prepared)
    output = Path(config.training.output_dir)
    preprocessing.save(output)
    model.save_pretrained(output)  # type: ignore[operator]


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Writes rows as csv or JSON lines, by the ending of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        if path.suffix == ".csv":
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Reads JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]
