"""The built-in datasets of files pass the conformance suite, read whole or streamed."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from oumi_runtime.builders import build_dataset
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.testing import Outcome, run_dataset_checks

SPLITS = {"train": range(60), "validation": range(60, 80), "test": range(80, 100)}
STREAMED = ("text_classification", "token_classification", "text_pairs", "text_lm")


def rows_of(name: str, numbers: range) -> Iterator[dict[str, Any]]:
    draws = random.Random(numbers.start)
    for n in numbers:
        if name == "text_classification":
            yield {"text": f"text {n}", "label": ["bad", "good"][n % 2]}
        elif name == "token_classification":
            tags = ["noun", "verb", "other"][: 1 + n % 3]
            yield {"tokens": [f"word{n}{tag}" for tag in tags], "labels": tags}
        elif name == "text_pairs":
            yield {"text": f"source {n}", "target": f"target {n}"}
        elif name == "text_lm":
            yield {"text": f"text {n}"}
        else:
            width = None if n % 7 == 0 else draws.random()
            kind = draws.choice("xyz")
            yield {
                "height": draws.random(),
                "width": width,
                "kind": kind,
                "label": n % 3,
            }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*STREAMED, "tabular"):
        (tmp_path / name).mkdir()
        for split, numbers in SPLITS.items():
            lines = [json.dumps(row) for row in rows_of(name, numbers)]
            (tmp_path / name / f"{split}.jsonl").write_text("\n".join(lines))
    pixels = np.random.default_rng(0).integers(0, 255, (100, 8, 8), dtype=np.uint8)
    for split, numbers in SPLITS.items():
        for n in numbers:
            path = (
                tmp_path / "image_folder" / split / ("cat", "dog")[n % 2] / f"{n}.png"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels[n]).save(path)
    splits = [split for split, numbers in SPLITS.items() for _ in numbers]
    labels = np.arange(100) % 3
    np.savez(tmp_path / "npz_file", images=pixels / 255, labels=labels, split=splits)
    (tmp_path / "npz_file.npz").rename(tmp_path / "npz_file")
    return tmp_path


@pytest.mark.parametrize("name", [*STREAMED, "tabular", "image_folder", "npz_file"])
def test_a_dataset_of_files_passes(folder: Path, name: str):
    def make(split: str) -> Any:
        return build_dataset(name, dataset_path=str(folder / name), split=split)

    assert failures(make) == {}


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_of_a_file_passes(folder: Path, name: str):
    made: Any = REGISTRY.get_dataset(name)

    def make(split: str) -> Any:
        return made.open_stream(dataset_path=str(folder / name), split=split)

    assert failures(make) == {}


def failures(make: Any) -> dict[str, str]:
    results = run_dataset_checks(make)
    assert any(result.outcome is Outcome.PASSED for result in results)
    return {r.name: r.message for r in results if r.outcome is Outcome.FAILED}
