"""What can be predicted from, and what is said about what cannot."""

import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from saved_examples import ROWS, read_rows, saved, write_rows

from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.exceptions import DataError, ModelForwardError
from oumi_runtime.infer import infer

TEXTS = ["the quick fox", "a dog", "a lazy, lazy dog"]


def without_labels(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left_out = ("label", "labels", "target")
    return [{k: v for k, v in row.items() if k not in left_out} for row in rows]


def message_of(config: Any, inputs: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(infer(config, inputs))
    return str(caught.value)


@pytest.mark.parametrize("task", list(ROWS))
def test_labels_are_ignored_whether_they_are_there_or_not(task: str, tmp_path: Path):
    config = saved(task, tmp_path, max_steps=1)
    rows = read_rows(tmp_path / "test.jsonl")
    bare = write_rows(tmp_path / "in" / "bare.jsonl", without_labels(rows))
    usual = list(infer(config, max_new_tokens=3))
    assert list(infer(config, bare, max_new_tokens=3)) == usual
    labelled = str(tmp_path / "test.jsonl")
    assert list(infer(config, labelled, max_new_tokens=3)) == usual
    assert list(infer(config, without_labels(rows), max_new_tokens=3)) == usual


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json", "x.parquet", "x.txt"])
def test_texts_are_read_from_every_kind_of_file(name: str, tmp_path: Path):
    config = saved("text_classification", tmp_path)
    path = tmp_path / "in" / name
    rows = [{"other": 1.5, "text": text} for text in TEXTS]
    if name == "x.parquet":
        path.parent.mkdir()
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif name == "x.txt":
        path.parent.mkdir()
        path.write_bytes("\r\n".join(TEXTS).encode("utf-8-sig"))
    else:
        write_rows(path, rows)
    if name == "x.json":  # one list, in place of one object a line
        path.write_text(f"[{','.join(path.read_text().splitlines())}]")
    assert list(infer(config, path)) == list(infer(config, TEXTS))


def test_a_pipe_has_one_text_a_line(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("\n".join(TEXTS)))
    writer.start()
    found = list(infer(config, pipe))
    writer.join()
    assert found == list(infer(config, TEXTS))


@pytest.mark.parametrize("field", ["text_column", "target_col"])
def test_the_text_column_is_that_of_the_config(field: str, tmp_path: Path):
    config = saved("text_classification", tmp_path)
    if field == "target_col":
        config.data.test.target_col = "words"
    else:
        config.data.test.datasets[0].dataset_kwargs["text_column"] = "words"
    path = write_rows(tmp_path / "in.csv", [{"words": text} for text in TEXTS])
    assert list(infer(config, path)) == list(infer(config, TEXTS))


def test_a_text_is_split_into_tokens_at_white_space(tmp_path: Path):
    config = saved("token_classification", tmp_path)
    assert list(infer(config, TEXTS)) == list(infer(config, [t.split() for t in TEXTS]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"txt": "a"}', "no column 'text' (did you mean 'txt'?), only txt"),
        ('{"text": "a"}\n{"text": "  "}', "row 2: 'text' is empty"),
        ('{"text": "a"}\n{"text": null}', "row 2: 'text' is missing"),
        ('{"text": 3}', "row 1: 'text' is 3, not text"),
        ('{"text": "a"}\n{"text": ', "in.jsonl:2 is not JSON"),
        ("", "has no rows"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(content: str, message: str, tmp_path: Path):
    config = saved("text_classification", tmp_path)
    (tmp_path / "in.jsonl").write_text(content)
    found = message_of(config, tmp_path / "in.jsonl")
    assert message in found
    assert "\n" not in found


def test_a_text_that_cannot_be_used_is_counted(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    assert message_of(config, ["a", ""]) == "input 2 is empty"
    assert message_of(config, ["a", 3]) == "input 2 is 3, not text"
    found = message_of(config, [{"text": "a"}, {"body": "b", "id": 1}])
    assert found == "input 2 has no 'text', only body, id"
    (tmp_path / "in.txt").write_bytes(b"a\n\xff\n")
    assert "in.txt: line 2 is not UTF-8" in message_of(config, tmp_path / "in.txt")
    assert message_of(config, tmp_path / "nothing.csv").startswith("no file or folder")
    assert "is a folder; name a" in message_of(config, tmp_path)


def test_features_are_those_that_the_model_was_trained_on(tmp_path: Path):
    config = saved("tabular_regression", tmp_path)
    rows = without_labels(read_rows(tmp_path / "test.jsonl"))
    usual = list(infer(config, rows))
    turned = [dict(reversed(row.items())) | {"id": 7} for row in rows]
    assert list(infer(config, write_rows(tmp_path / "in.csv", turned))) == usual
    assert list(infer(config, turned)) == usual


def test_text_and_missing_values_are_encoded_as_in_training(tmp_path: Path):
    def row(number: int) -> dict[str, Any]:
        colour = ["red", "blue", None][number % 3]
        size = None if number % 5 == 0 else number / 2
        return {"colour": colour, "size": size, "label": 5.0 + number % 3}

    rows = [row(number) for number in range(70)]
    config = saved("tabular_regression", tmp_path, rows=rows)
    usual = list(infer(config))
    assert len({prediction["value"] for prediction in usual}) > 5
    found = list(infer(config, write_rows(tmp_path / "in.csv", rows[50:])))
    assert [p["value"] for p in found] == pytest.approx([p["value"] for p in usual])
    bare = without_labels(rows[50:])
    assert list(infer(config, bare)) == list(infer(config, tmp_path / "test.jsonl"))
    new = [{"colour": "green", "size": 1.0}]  # No row for training is green.
    assert len(list(infer(config, new))) == 1


def test_a_model_of_plain_numbers_needs_them_all(tmp_path: Path):
    config = saved("tabular_classification", tmp_path)
    (Path(config.training.output_dir) / "features.json").unlink()
    rows = without_labels(read_rows(tmp_path / "test.jsonl"))
    assert list(infer(config, rows)) == list(infer(config))
    assert message_of(config, [rows[0], {**rows[1], "x0": None}]) == (
        "the inputs: row 2 has no 'x0'"
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"x0": 1, "x1": 2, "x2": 3}],
            "no column 'x3', only x0, x1, x2; the model was",
        ),
        (
            [{f"x{n}": n for n in range(4)}, {f"x{n}": "much" for n in range(4)}],
            "row 2: 'x0' is 'much', not a number, which the model was trained on",
        ),
    ],
)
def test_a_row_without_its_features_is_named(
    rows: list[dict[str, Any]], message: str, tmp_path: Path
):
    config = saved("tabular_regression", tmp_path)
    found = message_of(config, write_rows(tmp_path / "in.csv", rows))
    assert message in found


def test_the_training_data_need_not_be_there(tmp_path: Path):
    config = saved("tabular_regression", tmp_path)
    rows = without_labels(read_rows(tmp_path / "test.jsonl"))
    usual = list(infer(config, rows))
    (tmp_path / "train.jsonl").unlink()
    (tmp_path / "test.jsonl").unlink()
    for split in (config.data.train, config.data.test):
        split.datasets[0].dataset_path = str(tmp_path / "gone")
    assert list(infer(config, rows)) == usual
    with pytest.raises(DataError, match=r"no file or folder at .*gone"):
        infer(config)


def test_the_number_of_features_is_that_of_the_model(tmp_path: Path):
    config = saved("tabular_classification", tmp_path)
    (Path(config.training.output_dir) / "features.json").unlink()
    (tmp_path / "train.jsonl").unlink()
    (tmp_path / "test.jsonl").unlink()
    path = write_rows(tmp_path / "in.csv", [{"a": 1, "b": 2, "label": "line"}])
    expected = "the model takes 4 features, and there are 2 columns"
    assert expected in message_of(config, path)
    assert expected in message_of(config, [{"a": 1, "b": 2}])
    assert "reads no texts" in message_of(config, ["a text"])


def test_images_are_a_file_or_all_in_a_folder(tmp_path: Path):
    config = saved("image_classification", tmp_path)
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for name in ("b/two.png", "a/one.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / "in" / name)
        pixels = pixels[::-1]
    found = list(infer(config, tmp_path / "in", batch_size=1))
    names = [str(tmp_path / "in" / name) for name in ("a/one.png", "b/two.png")]
    assert [prediction["file"] for prediction in found] == names
    assert found[0]["probabilities"] != found[1]["probabilities"]
    (alone,) = infer(config, names[1])
    assert alone["probabilities"] == pytest.approx(found[1]["probabilities"])


def test_images_get_the_size_that_the_model_takes(tmp_path: Path):
    config = saved("image_classification", tmp_path)
    config.data.test.datasets[0].dataset_name = "image_folder"
    pixels = np.arange(15 * 20, dtype=np.uint16).reshape(15, 20).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    (prediction,) = infer(config, tmp_path / "in.png")
    assert len(prediction["probabilities"]) == 10


def test_an_image_that_cannot_be_read_is_named(tmp_path: Path):
    config = saved("image_classification", tmp_path)
    (tmp_path / "in").mkdir()
    assert "in has no images; file types" in message_of(config, tmp_path / "in")
    (tmp_path / "in" / "x.png").write_text("no image")
    assert "x.png cannot be read" in message_of(config, tmp_path / "in")
    (tmp_path / "x.doc").write_text("no image")
    assert "x.doc is not an image" in message_of(config, tmp_path / "x.doc")


def test_arrays_are_read_from_an_archive(tmp_path: Path):
    config = saved("image_classification", tmp_path)
    images = np.random.default_rng(0).integers(0, 255, (3, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "in.npz", images=images, labels=np.zeros(3, np.int64))
    found = list(infer(config, tmp_path / "in.npz"))
    tensors = torch.from_numpy(images).unsqueeze(1) / 255
    given = list(infer(config, [{"images": image} for image in tensors]))
    assert [p["label"] for p in found] == [p["label"] for p in given]
    np.savez(tmp_path / "in.npz", pictures=images)
    with pytest.raises(ModelForwardError, match="requires 'images', and the input"):
        list(infer(config, tmp_path / "in.npz"))


class Own(BaseModel):
    """A model of which each test makes something else."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(300, 3)

    @property
    def criterion(self) -> Any:
        return torch.nn.functional.cross_entropy


def resave(config: Any, made: type[BaseModel]) -> None:
    """Puts another model into the place of the one that was saved."""
    register(made.__name__, RegistryType.MODEL)(made)
    config.model.model_name, config.model.model_kwargs = made.__name__, {}
    made().save_pretrained(config.training.output_dir)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda x: {"scores": x}, "returns scores; predictions are made of its"),
        (lambda x: x, "returns Tensor; predictions"),
        (lambda x: {"logits": x}, re.escape("of shape (1, 2, 3), of which")),
        (lambda x: {"logits": x.mean(1) / 0}, "input 1: Changed returns NaN or inf"),
    ],
)
def test_outputs_that_are_no_predictions_are_explained(
    outputs: Any, message: str, tmp_path: Path
):
    config = saved("text_classification", tmp_path)

    class Changed(Own):
        def forward(self, input_ids: torch.Tensor, **_: Any) -> Any:
            return outputs(self.embedding(input_ids))

    resave(config, Changed)
    with pytest.raises((ModelForwardError, DataError), match=message):
        list(infer(config, ["the dog"]))


def test_a_forward_that_requires_labels_is_told_how_to_go_without(tmp_path: Path):
    config = saved("text_classification", tmp_path)

    class Strict(Own):
        def forward(self, input_ids: Any, labels: Any, **_: Any) -> Any:
            return {"logits": self.embedding(input_ids).mean(1)}

    resave(config, Strict)
    with pytest.raises(ModelForwardError, match="requires 'labels', which inputs do"):
        list(infer(config, ["the dog"]))
