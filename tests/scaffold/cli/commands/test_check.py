"""`oumi-scaffold check`: a table, JSON and JUnit, and the exit code."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from trees import make_tree

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY

MODEL = """\
from oumi_runtime.core import registry
from oumi_runtime.models import MLPEncoder


@registry.register("{name}", registry.RegistryType.MODEL)
class {name}(MLPEncoder):
    def __init__(self, width: int = 16):
        super().__init__(40, width, 4)

    def forward(self, input_ids, labels=None, attention_mask=None, **kwargs):
        return super().forward(input_ids, labels, {mask}, **kwargs)
"""
TESTS = """\
import torch
from oumi_runtime.models import MLPEncoder


def make_model():
    return MLPEncoder(20, 8, 3)


def make_batch(batch_size):
    return {
        "input_ids": torch.randint(20, (batch_size, 5)),
        "labels": torch.randint(3, (batch_size,)),
    }
"""
SELECT = ("--select", "padding*", "--select", "forward_uses*")


@pytest.fixture
def models(project: Path) -> Iterator[Path]:
    good = MODEL.format(name="GoodNet", mask="attention_mask")
    bad = MODEL.format(name="BadNet", mask="None")
    files = {"good.py": good, "bad.py": bad, "test_small.py": TESTS}
    make_tree(project, {**files, "oumi_requirements.txt": "good.py\nbad.py\n"})
    with REGISTRY.isolated():
        yield project


def test_a_model_that_passes_is_a_table_and_exit_0(run: Callable, models: Path):
    done = run("check", "GoodNet", *SELECT)
    assert (done.exit_code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "GoodNet, on random batches"
    assert [line.split() for line in lines[1:3]] == [
        ["ok", "forward_uses_the_criterion"],
        ["ok", "padding_does_not_matter"],
    ]
    assert lines[3].startswith("2 passed in ")


def test_a_failure_is_told_with_its_message_and_exit_1(run: Callable, models: Path):
    done = run("check", "bad.py", *SELECT)
    assert done.exit_code == 1
    assert "failed     padding_does_not_matter" in done.out
    assert "is attention_mask used where the sequence is pooled" in done.out
    assert "1 passed, 1 failed in " in done.out


def test_what_many_checks_say_of_a_broken_model_is_told_once(run, models: Path):
    broken = "labels if labels is None else labels[:1], {mask}"
    text = MODEL.replace("labels, {mask}", broken)
    (models / "bad.py").write_text(text.format(name="BrokenNet", mask="None"))
    done = run("check", "bad.py", "--select", "*labels*")
    assert done.exit_code == 1
    assert done.out.count("Expected input batch_size") == 1
    assert "          as loss_only_with_labels" in done.out


def test_batches_that_cannot_be_made_are_told_once(run: Callable, models: Path):
    text = (models / "test_small.py").read_text()
    name = "def make_batch(batch_size):\n"
    assert name in text
    text = text.replace(name, f"{name}    raise LookupError(batch_size)\n")
    (models / "test_small.py").write_text(text)
    done = run("check", "test_small.py")
    assert done.exit_code == 1
    assert done.out.count("make_batch raises") == 1
    assert " 1 failed, " in done.out.splitlines()[-1]


def test_a_test_file_is_checked_with_its_own_batches(run: Callable, models: Path):
    done = run("check", "test_small.py", *SELECT)
    assert done.exit_code == 0
    assert done.out.startswith("MLPEncoder, as in test_small.py")
    reason = "the inputs have no attention_mask"
    assert f"n/a        padding_does_not_matter: {reason}" in done.out


def test_checks_that_do_not_apply_are_a_line_for_each_reason(run, models: Path):
    select = ("--select", "*pair*", "--select", "loss_only*")
    lines = run("check", "test_small.py", *select).out.splitlines()
    assert "ok         loss_only_with_labels" in lines
    assert "n/a        5 checks: the model embeds no pairs" in lines
    reasons = [line.partition(": ")[2] for line in lines if line.startswith("n/a")]
    assert len({*reasons}) == len(reasons)
    assert lines[-1].startswith("1 passed, ")


def test_verbosely_each_check_has_its_line(run: Callable, models: Path):
    select = ("--select", "*pair*", "--select", "loss_only*")
    brief = run("check", "test_small.py", *select).out.splitlines()
    done = run("check", "test_small.py", "--verbose", *select)
    results = run("check", "test_small.py", "--json", *select).document
    lines = done.out.splitlines()
    for each in results["models"][0]["checks"]:
        if each["outcome"] == "not applicable":
            assert f"n/a        {each['name']}: {each['message']}" in lines
    assert len(lines) > len(brief)


def test_a_config_is_checked_on_its_own_data(run: Callable, models: Path):
    config = (
        "model:\n  model_name: CnnClassifier\n  model_kwargs:\n"
        "    {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 1}\n"
        "data:\n  train:\n    datasets:\n      - dataset_name: digits\n"
    )
    make_tree(models, {"net.yaml": config})
    done = run("check", "net.yaml", "--select", "config_fits*", "--select", "logits_a*")
    assert done.exit_code == 0, done.out
    assert done.out.startswith("CnnClassifier, as in net.yaml, on its data")
    assert "ok         config_fits_the_model" in done.out


def test_a_config_is_checked_on_the_first_rows_of_a_stream(run: Callable, models: Path):
    rows = "".join(f'{{"text": "the fox {n}", "label": {n % 4}}}\n' for n in range(40))
    config = (
        "model: {model_name: GoodNet, model_kwargs: {width: 8}}\n"
        "data:\n  train:\n    stream: true\n    datasets:\n"
        "      - {dataset_name: text_classification, dataset_path: rows.jsonl}\n"
    )
    good = MODEL.replace("40, width", "400, width")
    good = good.format(name="GoodNet", mask="attention_mask")
    make_tree(models, {"net.yaml": config, "rows.jsonl": rows, "good.py": good})
    done = run(
        "check", "net.yaml", "--select", "padding*", "--select", "logits_are_one*"
    )
    assert done.exit_code == 0, done.out
    assert "ok         padding_does_not_matter" in done.out


def test_json_is_one_document(run: Callable, models: Path):
    document = run("check", "bad.py", "--json", *SELECT).document
    assert document["passed"] is False
    (model,) = document["models"]
    assert (model["model"], model["failed"]) == ("BadNet", 1)
    failed = [each for each in model["checks"] if each["outcome"] == "failed"]
    assert failed[0]["name"] == "padding_does_not_matter"
    assert failed[0]["theme"] == "masking"
    assert failed[0]["catches"].startswith("Catches a model that reads")


def test_junit_is_what_continuous_integration_reads(run: Callable, models: Path):
    assert run("check", "bad.py", "--junit", "report.xml", *SELECT).exit_code == 1
    suite = ElementTree.parse(models / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "is attention_mask used" in str(failure.get("message"))


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["GoodNett"], "no model is named 'GoodNett' (did you mean 'GoodNet'?)"),
        (["missing.py"], "there is no file missing.py"),
        (["missing.yaml"], "missing.yaml"),
        (["empty.py"], "empty.py registers no model, and has no make_model"),
        (["GoodNet", "--select", "paddings"], "no check is named 'paddings'"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    run: Callable, models: Path, args: list[str], sentence: str
):
    make_tree(models, {"empty.py": "NOTHING = 1\n"})
    done = run("check", *args)
    assert done.exit_code == 2
    assert sentence in done.err
    assert done.err.count("\n") == 1


def test_all_results_are_valid_json_numbers(run: Callable, models: Path):
    done = run("check", "GoodNet", "--json", *SELECT)
    assert json.loads(done.out)["models"][0]["seconds"] >= 0


DATASET = """\
import torch

from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.registry import register_dataset


@register_dataset("my_rows")
class MyRows(BaseMapDataset):
    label_names = ["a", "b"]

    def __init__(self, split="train"):
        super().__init__(split=split)
        if split not in ("train", "test"):
            raise ValueError(f"no split {split}")
        start = {"train": 0, "test": 50}[split]
        self._data = range(start, start + 40)

    def transform(self, sample):
        values = torch.tensor([sample, sample / 2])
        return {"features": values, "labels": sample % 3}
"""


@pytest.mark.parametrize("target", ["my_rows", "data/my_rows.py"])
def test_a_dataset_is_checked_by_its_name_or_file(
    project: Path, run: Callable, target: str
):
    files = {"data/my_rows.py": DATASET, "oumi_requirements.txt": "data/my_rows.py\n"}
    make_tree(project, files)
    done = run("check", target, "--junit", "report.xml")
    assert done.exit_code == 1
    assert done.out.startswith("my_rows, in its splits train, test\n")
    assert "the label 2 is no class: 0 to 1" in done.out
    assert ", 1 failed, " in done.out.splitlines()[-1]
    (suite,) = ElementTree.parse(project / "report.xml").getroot()
    assert (suite.get("name"), suite.get("failures")) == ("my_rows", "1")
    document = run("check", target, "--json", "--select", "samples_*").document
    assert document["passed"]
    (dataset,) = document["datasets"]
    assert dataset["dataset"] == "my_rows"
    names = [each["name"] for each in dataset["checks"]]
    assert len(names) == 3
    assert "samples_differ" in names


def test_a_dataset_that_needs_a_config_says_so(project: Path, run: Callable):
    done = run("check", "npz_file")
    assert done.exit_code == 2
    assert done.err == "error: dataset 'npz_file' also needs dataset_path\n"
