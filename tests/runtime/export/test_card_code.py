"""The code in the card of an export says what `predict` does, without this project."""

import ast
import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from exported_runs import project_run, python
from saved_examples import pair_row, saved, text_row, write_rows

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.export import export
from oumi_runtime.infer import Predictor
from oumi_runtime.train import train

FORMATS = ("huggingface", "torch", "onnx")
TEXTS = ["the quick fox", "a lazy dog jumps over the brown fox" * 9]
TOKENS = [["the", "quick"], ["lazy"] * 40]


PLAIN = """
import torch
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from torch import nn


@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self, width: int = 4):
        super().__init__()
        self.layer = nn.Linear(2, width)

    def forward(self, features, labels=None):
        return {"logits": self.layer(features)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""


def mixed_row(number: int) -> dict[str, Any]:
    """Two columns that become four features."""
    value = None if number % 4 == 0 else number / 7
    label = ["circle", "line", "square"][number % 3]
    return {"x": value, "colour": ["red", "dark, blue"][number % 2], "label": label}


def run_of(task: str, folder: Path, **options: Any) -> Path:
    if task.startswith("tabular"):
        rows = [mixed_row(number) for number in range(70)]
        if task == "tabular_regression":
            rows = [{**row, "label": n * 1.5} for n, row in enumerate(rows)]
        options["rows"] = rows
    config = saved(task, folder, **options)
    config.model.model_max_length = 20
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"


def code_of(folder: Path) -> str:
    card = (folder / "README.md").read_text()
    (code,) = card.split("```python\n")[1:]
    return code.split("```")[0]


def printed(folder: Path, **replaced: str) -> list[str]:
    """Returns what the code of a card prints, with its inputs replaced."""
    code = code_of(folder)
    for old, new in replaced.items():
        given = {"texts": '["A text.", "Another, longer one."]', "prompt": '"A text"'}
        given |= {"picture": '"picture.png"', "rows": '"rows.csv"'}
        given["tokens"] = '[["some", "tokens"], ["and", "some", "more"]]'
        assert given[old] in code
        code = code.replace(given[old], new)
    return code_output(code, folder)


def code_output(code: str, folder: Path) -> list[str]:
    """Runs code in a folder, whose modules it imports."""
    return python(f"sys.path.insert(0, '.')\n{code}", folder).splitlines()


def predicted(source: Path, inputs: Any) -> list[dict[str, Any]]:
    config = TrainingConfig.from_yaml(source / "config.yaml")
    return [*Predictor.load(config).predict(inputs)]


def require_classes(lines: list[str], expected: list[dict[str, Any]]) -> None:
    for line, prediction in zip(lines, expected, strict=True):
        label, _, numbers = line.partition(" ")
        assert label == prediction["label"]
        theirs = torch.tensor(ast.literal_eval(numbers))
        ours = torch.tensor([*prediction["probabilities"].values()])
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_classes_of_texts(form: str, tmp_path: Path):
    source = run_of("text_classification", tmp_path)
    export(source, form, tmp_path / "dest")
    lines = printed(tmp_path / "dest", texts=repr(TEXTS))
    require_classes(lines, predicted(source, TEXTS))


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_classes_of_tokens(form: str, tmp_path: Path):
    source = run_of("token_classification", tmp_path)
    export(source, form, tmp_path / "dest")
    lines = printed(tmp_path / "dest", tokens=repr(TOKENS))
    expected = [each["labels"] for each in predicted(source, TOKENS)]
    assert [*map(ast.literal_eval, lines)] == expected
    assert expected[1][-1] is None  # cut, with what it belongs to


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_texts_that_go_on(form: str, tmp_path: Path):
    source = run_of("causal_lm", tmp_path)
    export(source, form, tmp_path / "dest")
    prompt = "the lazy dog jumps over"  # More than the model sees, bytes of 20.
    lines = printed(tmp_path / "dest", prompt=repr(prompt))
    (expected,) = predicted(source, [prompt])
    text = "\n".join(lines)
    assert text.rstrip() == prompt + expected["continuation"].rstrip()


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_texts_for_texts(form: str, tmp_path: Path):
    rows = [pair_row(number) for number in range(70)]
    source = run_of("seq2seq", tmp_path, rows=rows)
    export(source, form, tmp_path / "dest")
    lines = printed(tmp_path / "dest", texts=repr(TEXTS))
    found = ast.literal_eval(lines[0]) if form == "huggingface" else lines
    expected = [each["text"] for each in predicted(source, TEXTS)]
    assert [*map(str.rstrip, found)] == [*map(str.rstrip, expected)]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_embeddings(form: str, tmp_path: Path):
    source = run_of("embedding", tmp_path)
    export(source, form, tmp_path / "dest")
    lines = printed(tmp_path / "dest", texts=repr(TEXTS))
    theirs = torch.tensor(ast.literal_eval(lines[0]))
    ours = torch.tensor([each["embedding"] for each in predicted(source, TEXTS)])
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_classes_of_pictures(form: str, tmp_path: Path):
    from PIL import Image

    source = run_of("image_classification", tmp_path)
    export(source, form, tmp_path / "dest")
    path = tmp_path / "a.png"
    Image.radial_gradient("L").resize((31, 17)).convert("RGBA").save(path)
    lines = printed(tmp_path / "dest", picture=repr(str(path)))
    require_classes(lines, predicted(source, path))
    export_json = json.loads((tmp_path / "dest" / "export.json").read_text())
    assert export_json["images"] == {"image_size": 8, "channels": 1}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("task", ["tabular_classification", "tabular_regression"])
def test_rows_of_a_table(task: str, form: str, tmp_path: Path):
    source = run_of(task, tmp_path)
    export(source, form, tmp_path / "dest")
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["colour", "note", "x"])
        writer.writerows([["dark, blue", "-", 2.5], ["red", "-", "NA"], ["", "", "1"]])
    lines = printed(tmp_path / "dest", rows=repr(str(path)))
    expected = predicted(source, path)
    if task == "tabular_classification":
        require_classes(lines, expected)
        return
    ours = torch.tensor([each["value"] for each in expected])
    theirs = torch.tensor(ast.literal_eval(lines[0]))
    torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-4)


def with_ends(folder: Path) -> Path:
    """Writes a tokenizer that adds tokens before and after each text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=80, special_tokens=special)
    tokenizer.train_from_iterator(TEXTS, trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("task", ["text_classification", "token_classification"])
def test_a_tokenizer_with_ends_cuts_long_texts_as_in_training(
    task: str, form: str, tmp_path: Path
):
    source = run_of(task, tmp_path)
    (source / "tokenizer.json").write_text(with_ends(tmp_path / "own").read_text())
    export(source, form, tmp_path / "dest")
    if task == "text_classification":
        lines = printed(tmp_path / "dest", texts=repr(TEXTS))
        require_classes(lines, predicted(source, TEXTS))
        return
    lines = printed(tmp_path / "dest", tokens=repr(TOKENS))
    expected = [each["labels"] for each in predicted(source, TOKENS)]
    assert [*map(ast.literal_eval, lines)] == expected


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_one_logit_for_two_classes(form: str, tmp_path: Path):
    source = project_run(tmp_path / "project", PLAIN, width=1)
    config = TrainingConfig.from_yaml(source / "config.yaml")
    config.training.metrics_function = "classification"
    config.to_yaml(source / "config.yaml")
    export(source, form, tmp_path / "dest")
    expected = predicted(source, [{"x0": 1.0, "x1": 1.0}])[0]
    code = code_of(tmp_path / "dest")
    label, probability = code_output(code, tmp_path / "dest")[0].split(" ")
    assert int(label) == expected["label"]
    assert float(probability) == pytest.approx(expected["probabilities"]["1"], abs=1e-5)


@pytest.mark.slow
def test_a_model_of_transformers_goes_on_as_predict_does(tmp_path: Path):
    import transformers

    sizes = {"vocab_size": 300, "n_embd": 32, "n_layer": 1, "n_head": 2}
    made = transformers.GPT2Config(**sizes, bos_token_id=0, eos_token_id=0)
    transformers.GPT2LMHeadModel(made).save_pretrained(tmp_path / "gpt")
    write_rows(tmp_path / "data.jsonl", [text_row(number) for number in range(40)])
    data = {"dataset_name": "text_lm", "dataset_path": str(tmp_path / "data.jsonl")}
    training = {"output_dir": str(tmp_path / "out"), "max_steps": 20}
    tree = {
        "model": {"model_name": str(tmp_path / "gpt"), "tokenizer_name": "bytes"},
        "data": {"train": {"datasets": [data]}},
        "training": {**training, "learning_rate": 0.01, "log_level": "error"},
    }
    train(TrainingConfig.from_str(json.dumps(tree)))
    (expected,) = predicted(tmp_path / "out", ["the quick"])
    for form in FORMATS:
        export(tmp_path / "out", form, tmp_path / form)
        lines = printed(tmp_path / form, prompt=repr("the quick"))
        written = "\n".join(lines).rstrip()
        assert written == "the quick" + expected["continuation"].rstrip()
