"""Exports compute what the model does, where this project is not installed."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from exported_runs import outputs_elsewhere, project_run, python
from saved_examples import ROWS, saved

from oumi_runtime.exceptions import (
    CheckpointError,
    ExportConflictError,
    ExportError,
    ExportSourceError,
    MissingExtraError,
)
from oumi_runtime.export import export, exporting
from oumi_runtime.export.huggingface.tokenizer_files import write_tokenizer
from oumi_runtime.export.inference import outputs_for
from oumi_runtime.export.inputs.sampling import sample_batches
from oumi_runtime.export.opening import TrainedRun, open_run
from oumi_runtime.export.programs import onnx_model
from oumi_runtime.train import train

TASKS = [*ROWS, "image_classification"]
AUTO_CLASSES = {
    "text_classification": "AutoModelForSequenceClassification",
    "token_classification": "AutoModelForTokenClassification",
    "causal_lm": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "image_classification": "AutoModelForImageClassification",
}
LOAD_PROGRAM = 'model = torch.export.load("model.pt2").module()'

NET = """
import torch
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from torch import nn


@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self, width: int = 4):
        super().__init__()
        self.layer = nn.Linear(2, width)

    def forward(self, features, labels=None, **kwargs):
        {forward}
        return {{"logits": self.layer(features)}}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""
PLAIN = NET.format(forward="")


def run_of(task: str, folder: Path) -> Path:
    config = saved(task, folder)
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"


def slow_but(quick: set[str]) -> list[object]:
    return [t if t in quick else pytest.param(t, marks=pytest.mark.slow) for t in TASKS]


def require_equal(
    run: TrainedRun, found: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]
) -> None:
    expected = outputs_for(run.model, batch)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-5)


def other_size(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Rows and tokens in numbers that no batch of the export had."""
    rows = torch.arange(7) % len(next(iter(batch.values())))
    return {
        name: column[rows, :7] if name.endswith(("ids", "mask")) else column[rows]
        for name, column in batch.items()
    }


@pytest.mark.parametrize("task", TASKS)
def test_a_program_needs_no_source_and_takes_any_size(task: str, tmp_path: Path):
    source = run_of(task, tmp_path)
    result = export(source, "torch", tmp_path / "dest")
    run = open_run(source)
    batch = other_size(sample_batches(run).inputs[0])
    found = torch.export.load(tmp_path / "dest" / "model.pt2").module()(**batch)
    require_equal(run, found, batch)
    assert result.largest_difference < 1e-5
    assert len({str(sizes) for sizes in result.compared_on}) == 3
    described = json.loads((tmp_path / "dest" / "export.json").read_text())
    names = [each["name"] for each in described["inputs"]]
    assert names == list(batch)
    assert all(each["shape"][0] == "batch" for each in described["inputs"])


def test_a_program_is_loaded_without_this_project(tmp_path: Path):
    source = run_of("tabular_classification", tmp_path)
    export(source, "torch", tmp_path / "dest")
    run = open_run(source)
    batch = sample_batches(run).inputs[0]
    found = outputs_elsewhere(LOAD_PROGRAM, tmp_path / "dest", batch)
    require_equal(run, found, batch)


def test_neither_pickles_nor_the_users_paths_are_in_a_program(tmp_path: Path):
    source = project_run(tmp_path / "secret_place", PLAIN)
    export(source, "onnx", tmp_path / "onnx")
    assert b"secret_place" not in (tmp_path / "onnx" / "model.onnx").read_bytes()
    export(source, "torch", tmp_path / "dest")
    with zipfile.ZipFile(tmp_path / "dest" / "model.pt2") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert len(contents) > 5
    assert not [name for name, data in contents.items() if data[:1] == b"\x80"]
    assert not [name for name, data in contents.items() if data[:2] == b"PK"]
    assert not [name for name, data in contents.items() if b"secret_place" in data]


@pytest.mark.parametrize("task", slow_but({"tabular_regression"}))
def test_onnx_runs_in_onnxruntime_in_any_size(task: str, tmp_path: Path):
    import onnxruntime

    source = run_of(task, tmp_path)
    export(source, "onnx", tmp_path / "dest")
    run = open_run(source)
    batch = other_size(sample_batches(run).inputs[0])
    session = onnxruntime.InferenceSession(tmp_path / "dest" / "model.onnx")
    sizes = {each.name: each.shape for each in session.get_inputs()}
    assert list(sizes) == list(batch)
    assert {shape[0] for shape in sizes.values()} == {"batch"}
    names = [each.name for each in session.get_outputs()]
    arrays = session.run(names, {name: t.numpy() for name, t in batch.items()})
    for name, tensor in outputs_for(run.model, batch).items():
        array = arrays[names.index(name)]
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("task", slow_but({"text_classification"}))
def test_transformers_alone_loads_the_folder(task: str, tmp_path: Path):
    source = run_of(task, tmp_path)
    result = export(source, "huggingface", tmp_path / "dest")
    auto = AUTO_CLASSES.get(task, "AutoModel")
    assert result.auto_class == auto
    run = open_run(source)
    batch = other_size(sample_batches(run).inputs[0])
    load = f"""import transformers
general, model = (
    each.from_pretrained('.', trust_remote_code=True)
    for each in (transformers.AutoModel, transformers.{auto})
)
assert type(general) is type(model)
"""
    require_equal(run, outputs_elsewhere(load, tmp_path / "dest", batch), batch)
    config = json.loads((tmp_path / "dest" / "config.json").read_text())
    names = run.preprocessing.label_names
    if names is not None:
        assert list(config["id2label"].values()) == names
        assert config["label2id"] == {name: n for n, name in enumerate(names)}


def test_its_tokenizer_makes_the_ids_of_training(tmp_path: Path):
    texts = ["The quick [PAD] föx [UNK]! \n 7", "a", ""]
    found_in = {}
    for task in ("causal_lm", "text_classification"):
        preprocessing = open_run(run_of(task, tmp_path / task)).preprocessing
        write_tokenizer(preprocessing, tmp_path / "dest" / task)
        found_in[task] = preprocessing
    code = f"""from transformers import AutoTokenizer
import json
texts = json.loads({json.dumps(texts)!r})
for task in sys.argv[1:]:
    tokenizer = AutoTokenizer.from_pretrained(task)
    print(json.dumps(tokenizer(texts, padding=True).data))"""
    printed = python(code, tmp_path / "dest", *found_in).splitlines()
    for preprocessing, line in zip(found_in.values(), printed, strict=True):
        found = json.loads(line)
        assert set(found) == {"input_ids", "attention_mask"}
        tokenizer = preprocessing.tokenizer
        assert tokenizer is not None
        own = [tokenizer.encode(text).ids for text in texts]
        most = max(map(len, own))
        pad = [preprocessing.pad_token_id]
        assert found["input_ids"] == [ids + pad * (most - len(ids)) for ids in own]
        assert [sum(mask) for mask in found["attention_mask"]] == [*map(len, own)]


def test_a_checkpoint_is_exported_and_verified_first(tmp_path: Path):
    config = saved("tabular_classification", tmp_path, max_steps=4, save_steps=2)
    config.training.output_dir = str(tmp_path / "trained")
    config.training.log_level = "error"
    train(config)
    first = tmp_path / "trained" / "checkpoint-2"
    result = export(first, "torch", tmp_path / "dest")
    assert result.model_dir == first
    run, last = open_run(first), open_run(tmp_path / "trained")
    batch = sample_batches(run).inputs[0]
    found = torch.export.load(tmp_path / "dest" / "model.pt2").module()(**batch)
    require_equal(run, found, batch)
    ours, theirs = found["logits"], outputs_for(last.model, batch)["logits"]
    assert not torch.equal(ours, theirs)
    assert (tmp_path / "dest" / "labels.json").exists()
    copied = shutil.copytree(first, tmp_path / "elsewhere" / "best")
    export(copied, "torch", tmp_path / "copied")
    found = torch.export.load(tmp_path / "copied" / "model.pt2").module()(**batch)
    require_equal(run, found, batch)
    (first / "labels.json").write_text("[]")
    with pytest.raises(CheckpointError, match="damaged"):
        export(first, "torch", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_run_without_its_data_is_compared_on_made_inputs(tmp_path: Path):
    source = project_run(tmp_path, PLAIN)
    assert not export(source, "torch", tmp_path / "with").inputs_are_made
    (tmp_path / "data.jsonl").unlink()
    result = export(source, "torch", tmp_path / "without")
    assert result.inputs_are_made
    assert result.inputs[0].shape == ["batch", 2]


@pytest.mark.parametrize(
    ("forward", "cause"),
    [
        ("if features.sum() > 0:\n            features = features + 1", "net.py:15"),
        ("features = features[: features.shape[0]] * 1.0", None),
        ("n = [*range(len(features))]\n        features = features[n]", "batch size"),
        ("features = features + torch.rand(())", "random"),
    ],
)
def test_what_cannot_be_traced_is_one_sentence_and_leaves_nothing(
    forward: str, cause: str | None, tmp_path: Path
):
    source = project_run(tmp_path / "project", NET.format(forward=forward))
    if cause is None:
        export(source, "torch", tmp_path / "there" / "dest")
        return
    with pytest.raises(ExportError, match=cause) as caught:
        export(source, "torch", tmp_path / "there" / "dest")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["project"]


@pytest.mark.parametrize(
    "form", ["torch", "onnx", pytest.param("huggingface", marks=pytest.mark.slow)]
)
def test_an_export_that_computes_something_else_is_not_put_in_place(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = project_run(tmp_path, PLAIN)
    name = {"torch": "write_program", "onnx": "write_onnx"}.get(form)
    real = getattr(exporting, name or "write_huggingface")

    def spoiled(first: object, *rest: object) -> object:
        if form == "huggingface":
            weights = first.model.layer.weight  # type: ignore[attr-defined]
        else:
            weights = first.state_dict["model.layer.weight"]  # type: ignore[attr-defined]
        with torch.no_grad():
            weights += 1e-3
        try:
            return real(first, *rest)
        finally:
            with torch.no_grad():
                weights -= 1e-3

    monkeypatch.setattr(exporting, name or "write_huggingface", spoiled)
    with pytest.raises(ExportError, match=r"logits differ by 0\.00"):
        export(source, form, tmp_path / "dest")
    assert not (tmp_path / "dest").exists()
    assert not [*tmp_path.glob(".*")]


def test_only_an_earlier_export_is_replaced_and_only_by_force(tmp_path: Path):
    source, dest = project_run(tmp_path, PLAIN), tmp_path / "dest"
    dest.mkdir()
    export(source, "torch", dest)
    before = (dest / "model.pt2").stat().st_ino
    with pytest.raises(ExportConflictError, match="--force") as caught:
        export(source, "torch", dest)
    assert caught.value.exit_code == 3
    assert (dest / "model.pt2").stat().st_ino == before
    export(source, "torch", dest, force=True)
    assert (dest / "model.pt2").stat().st_ino != before
    with pytest.raises(ExportConflictError, match="of no export"):
        export(source, "torch", _with_a_file(tmp_path / "notes"), force=True)
    assert (tmp_path / "notes" / "a.txt").read_text() == "mine"
    for place in (source, tmp_path):
        with pytest.raises(ExportSourceError, match="is or holds"):
            export(source, "torch", place, force=True)
    assert (source / "model.safetensors").exists()


def _with_a_file(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.txt").write_text("mine")
    return folder


def test_what_is_no_run_is_named(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExportSourceError, match="no folder"):
        export(tmp_path / "nothing", "torch", tmp_path / "dest")
    with pytest.raises(ExportSourceError, match=r"no config\.yaml"):
        export(tmp_path / "empty", "torch", tmp_path / "dest")
    with pytest.raises(ExportSourceError, match="did you mean 'torch'"):
        export(tmp_path / "empty", "torhc", tmp_path / "dest")


def test_a_missing_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        onnx_model.importlib.util,
        "find_spec",
        lambda name: None if name == "onnxscript" else object(),
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'oumi-scaffold\[onnx\]'"):
        export(tmp_path, "onnx", tmp_path / "dest")
