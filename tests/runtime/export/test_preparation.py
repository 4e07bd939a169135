"""Pictures and rows of tables are read by an export as the run reads them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported_runs import project_run, python
from saved_examples import saved

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.datasets.inputs.features import FeatureFile
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export import export
from oumi_runtime.export.carried import image_reading, table_features
from oumi_runtime.export.inputs.preparation import Preparation, preparation_of
from oumi_runtime.export.opening import TrainedRun, open_run


def run_of(task: str, folder: Path, **options: Any) -> Path:
    config = saved(task, folder, **options)
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"


def mixed_row(number: int) -> dict[str, Any]:
    """Three columns that become five features."""
    return {
        "x": None if number % 4 == 0 else number / 7,
        "colour": ['"red"', "dark, blue"][number % 2],
        "label": ["circle", "line", "square"][number % 3],
    }


def table_run(folder: Path) -> TrainedRun:
    rows = [mixed_row(number) for number in range(70)]
    return open_run(run_of("tabular_classification", folder, rows=rows))


def features_of(run: TrainedRun, path: Path) -> torch.Tensor:
    table = run.preprocessing.table
    assert table is not None
    blocks = FeatureFile(path, run.reader.feature_columns).read_blocks()
    (found,) = [table.apply(block) for block in blocks]
    assert isinstance(found, ColumnDataset)
    features = found.columns["features"]
    assert isinstance(features, torch.Tensor)
    return features


@pytest.mark.parametrize(
    "text",
    [
        'colour,x\n"""red""",1.5\n"dark, blue",NA\n,-2e3\ngreen,\n',
        'x;colour\n1;"dark, blue"\nnan;N/A\n',
        'x;colour\n1,5;1,5\n-2,25e1;NA\n;"dark, blue"\n',
        '\ufeffother\tcolour\tx\r\n"a\r\nb"\t"""red"""\t7\r\n',
    ],
)
def test_rows_of_csv_become_the_features_of_training(text: str, tmp_path: Path):
    run = table_run(tmp_path)
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode())
    prepared = preparation_of(run, {"features"})
    assert prepared.features is not None
    found = torch.tensor(table_features.encode_csv(path, prepared.features))
    assert torch.equal(found, features_of(run, path))


def test_true_and_false_in_csv_are_numbers(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("x\ntrue\nFalse\n")
    features = [{"column": "x", "kind": "number"}]
    found = table_features.encode_csv(tmp_path / "rows.csv", features)
    assert found == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x,y\n1,2\n", "row 1 has no column 'colour'"),
        ("x,colour\n1,a\nabc,b\n", "row 2: 'x' is 'abc', not a number"),
        ("x,colour\ninf,a\n", "row 1: 'x' is 'inf', not a number"),
        ("x,colour\n1,a,b\n", "row 1 has more cells"),
        ("x;colour\n1,500;b\n", "row 1: 'x' is '1,500', not a number"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(text: str, reason: str, tmp_path: Path):
    (tmp_path / "rows.csv").write_text(text)
    features = [
        {"column": "x", "kind": "number"},
        {"column": "colour", "kind": "is category", "category": "a"},
    ]
    with pytest.raises(ValueError, match=reason):
        table_features.encode_csv(tmp_path / "rows.csv", features)


@pytest.mark.parametrize("form", ["torch", "onnx"])
def test_an_export_that_reads_otherwise_is_not_put_in_place(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = run_of("image_classification", tmp_path)
    real = image_reading.read_image

    def spoiled(*given: Any) -> np.ndarray:
        return real(*given) * 0.5

    monkeypatch.setattr(image_reading, "read_image", spoiled)
    with pytest.raises(ExportError, match="unlike training"):
        export(source, form, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_other_features_are_not_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = table_run(tmp_path)
    missing = table_features._MISSING - {"NA"}
    monkeypatch.setattr(table_features, "_MISSING", missing | {"1.5"})
    monkeypatch.setattr(table_features, "_number", lambda *given: 0.0)
    with pytest.raises(ExportError, match="other features"):
        export(run.folder, "torch", tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


def test_what_a_collator_of_the_user_reads_is_not_guessed(tmp_path: Path):
    run = open_run(run_of("image_classification", tmp_path))
    assert preparation_of(run, {"images"}).images is not None
    run.config.data.train.collator_name = "mine"
    assert preparation_of(run, {"images"}) == Preparation(None, None)
    run.config.data.train.collator_name = "text_with_padding"
    assert preparation_of(run, {"images"}).images is not None


def test_pictures_have_the_size_of_the_model_or_keep_their_own(tmp_path: Path):
    from PIL import Image

    run = open_run(run_of("image_classification", tmp_path))
    for split in ("train", "validation", "test"):
        (dataset,) = getattr(run.config.data, split).datasets
        dataset.dataset_name, dataset.dataset_path = "image_folder", str(tmp_path)
    prepared = preparation_of(run, {"images"}).images
    assert prepared is not None
    assert (prepared.image_size, prepared.channels) == (8, 1)  # the model's
    picture = Image.new("RGB", (5, 3), (255, 0, 0))
    assert image_reading.read_image(picture, None, 3).shape == (3, 3, 5)
    assert image_reading.read_image(picture, None, 3)[:, 0, 0].tolist() == [1, 0, 0]


USING = """
import json
from PIL import Image
import transformers
trust = {"trust_remote_code": True}
processor = transformers.AutoImageProcessor.from_pretrained(".", **trust)
pictures = [Image.radial_gradient("L"), Image.linear_gradient("L").convert("RGB")]
batch = processor(pictures, return_tensors="pt")
assert batch["images"].shape == (2, 1, 8, 8)
auto = transformers.AutoModelForImageClassification
model = auto.from_pretrained(".", **trust).eval()
label = model.config.id2label[model(**batch).logits[0].argmax().item()]
classify = transformers.pipeline("image-classification", model=".", **trust)
assert classify(pictures[0])[0]["label"] == label
processor.save_pretrained("../again")
"""


@pytest.mark.slow
def test_a_pipeline_of_transformers_reads_pictures(tmp_path: Path):
    export(run_of("image_classification", tmp_path), "huggingface", tmp_path / "dest")
    python(USING, tmp_path / "dest")
    again = json.loads((tmp_path / "again" / "preprocessor_config.json").read_text())
    assert (again["image_size"], again["channels"]) == (8, 1)


EXTRACTING = """
import transformers
load = transformers.AutoFeatureExtractor.from_pretrained
extract = load(".", trust_remote_code=True)
row = {"x": 2, "colour": "dark, blue"}
one = extract(row, return_tensors="pt")["features"]
two = extract([row, {**row, "x": None}], return_tensors="pt")["features"]
assert one.shape == (1, 4) and one.dtype == torch.float32
assert torch.equal(two[:1], one) and not torch.equal(two[1:], one)
"""


@pytest.mark.slow
def test_rows_are_given_to_a_feature_extractor(tmp_path: Path):
    export(table_run(tmp_path).folder, "huggingface", tmp_path / "dest")
    python(EXTRACTING, tmp_path / "dest")


WRITING = """
import transformers
trust = {"trust_remote_code": True}
model = transformers.AutoModelForSeq2SeqLM.from_pretrained(".", **trust)
tokenizer = transformers.AutoTokenizer.from_pretrained(".", **trust)
batch = tokenizer(["the fox", "a"], padding=True, return_tensors="pt")
written = model.generate(**batch, num_beams=3, num_return_sequences=2, do_sample=False)
assert written.shape[0] == 4
sampled = model.generate(**batch, do_sample=True, max_new_tokens=5)
assert sampled.shape[0] == 2 and sampled.shape[1] <= 6
"""


@pytest.mark.slow
def test_a_target_is_written_with_beams_and_by_chance(tmp_path: Path):
    export(run_of("seq2seq", tmp_path), "huggingface", tmp_path / "dest")
    python(WRITING, tmp_path / "dest")


def test_a_run_of_a_table_without_its_data_is_prepared_too(tmp_path: Path):
    folder = table_run(tmp_path).folder
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").unlink()
    export(folder, "torch", tmp_path / "dest")
    assert (tmp_path / "dest" / "table_features.py").exists()


def test_the_card_names_columns_that_are_features_as_they_are(tmp_path: Path):
    net = """
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from torch import nn


@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)

    def forward(self, features, labels=None):
        return {"logits": self.layer(features)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""
    export(project_run(tmp_path / "project", net), "torch", tmp_path / "dest")
    card = (tmp_path / "dest" / "README.md").read_text()
    assert "The features, in their order: x0, x1." in card


def test_the_card_says_how_pictures_are_read(tmp_path: Path):
    export(run_of("image_classification", tmp_path), "torch", tmp_path / "dest")
    card = (tmp_path / "dest" / "README.md").read_text()
    assert "read as grey, of 8 x 8 pixels, with values in 0..1." in card
