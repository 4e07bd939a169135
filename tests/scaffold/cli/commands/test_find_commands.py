"""`find-lr` and `find-batch-size` on a config: what is shown, and what is left."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from trees import make_tree

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY

CONFIG = """\
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train, sample_count: 256}]
training:
  output_dir: out
  log_level: error
  per_device_train_batch_size: 32
"""
BAD = CONFIG.replace("log_level", "log_levle")
MODEL = """\
import torch
from torch import nn
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register


@register("Small", RegistryType.MODEL)
class Small(BaseModel):
    def __init__(self, most_samples: int = 8, interrupted: bool = False) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.most_samples, self.interrupted = most_samples, interrupted

    def forward(self, images, labels=None, **kwargs):
        if len(images) > self.most_samples:
            raise torch.OutOfMemoryError("out of memory")
        if self.interrupted:
            raise KeyboardInterrupt
        logits = self.layer(images.flatten(1))
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""
SMALL = CONFIG.replace("CnnClassifier", "Small").replace(
    "{image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}", "{KWARGS}"
)


@pytest.fixture
def folder(project: Path) -> Iterator[Path]:
    make_tree(
        project,
        {
            "good.yaml": CONFIG,
            "bad.yaml": BAD,
            "small.yaml": SMALL.replace("KWARGS", ""),
            "interrupted.yaml": SMALL.replace("KWARGS", "interrupted: true"),
            "small.py": MODEL,
            "oumi_requirements.txt": "small.py\n",
        },
    )
    with REGISTRY.isolated():
        yield project


def test_find_lr_shows_the_curve_and_what_to_write(run: Callable, folder: Path):
    done = run(
        "find-lr", "-c", "good.yaml", "--min", "1e-6", "--max=1", "--steps", "60"
    )
    assert (done.exit_code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "Learning rates for CnnClassifier"
    assert any("*" in line and "|" in line for line in lines[1:13])
    assert lines[14].split()[0] == "1e-06"
    table = [line for line in lines if line.endswith("falls fastest")]
    rate = table[0].split()[0]
    assert 1e-4 < float(rate) < 1
    assert lines[-5:] == [
        "Suggested for good.yaml, where the loss falls fastest:",
        "  training:",
        f"    learning_rate: {float(rate):g}",
        "",
        "The curve is in out/lr_finder.json and out/lr_finder.png",
    ]
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "lr_finder.json",
        "lr_finder.png",
    ]


def test_find_lr_as_json_is_one_document(run: Callable, folder: Path):
    done = run("find-lr", "-c", "good.yaml", "--steps", "40", "--json")
    assert (done.exit_code, done.err) == (0, "")
    saved = json.loads((folder / "out" / "lr_finder.json").read_text())
    files = ["out/lr_finder.json", "out/lr_finder.png"]
    assert done.document == {**saved, "files": files}
    assert done.document["tried"][0]["learning_rate"] == 1e-7


def test_find_lr_without_a_descent_fails_and_still_shows_the_curve(
    run: Callable, folder: Path
):
    done = run("find-lr", "-c", "good.yaml", "--max", "1e-6", "--steps", "30")
    assert done.exit_code == 1
    assert done.err.startswith("error: the loss hardly falls at any of these rates;")
    as_json = run("find-lr", "-c", "good.yaml", "--max=1e-6", "--steps=30", "--json")
    assert (as_json.exit_code, as_json.document["suggestion"]) == (1, None)
    assert "lowest" in done.out
    assert "Suggested" not in done.out


def test_find_lr_shows_what_it_found_where_it_cannot_write(run: Callable, folder: Path):
    (folder / "out").write_text("a file")
    limits = ["--min", "1e-6", "--max=1", "--steps", "60"]
    done = run("find-lr", "-c", "good.yaml", *limits)
    assert done.exit_code == 2
    assert done.err == (
        "error: training.output_dir out cannot be written to: out is not a folder; "
        "choose another folder\n"
    )
    assert "    learning_rate: " in done.out
    assert "The curve is in" not in done.out


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("find-lr", "step 10/100  epoch 1.25  loss"),
        ("find-batch-size", "micro-batches of 2: "),
    ],
)
def test_where_there_is_no_terminal_the_log_says_how_far_it_is(
    run: Callable, folder: Path, command: str, line: str, caplog
):
    config = "good.yaml" if command == "find-lr" else "small.yaml"
    with caplog.at_level("INFO", "oumi_runtime"):
        run(command, "-c", config, "--training.log_level", "info")
    assert any(message.startswith(line) for message in caplog.messages)


def test_find_batch_size_shows_what_fits(run: Callable, folder: Path):
    done = run("find-batch-size", "-c", "small.yaml", "--min", "2")
    assert (done.exit_code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "Micro-batches for Small"
    assert [line.split()[:3] for line in lines[2:5]] == [
        ["2", "16", "32"],
        ["4", "8", "32"],
        ["8", "4", "32"],
    ]
    assert lines[5] == "ended: batches of 16 do not fit in memory"
    assert lines[7:9] == [
        "Suggested for small.yaml, with 32 samples in a step as before:",
        "  training:",
    ]
    fastest = next(line for line in lines if line.endswith("fastest")).split()
    assert lines[9:] == [
        f"    per_device_train_batch_size: {fastest[0]}",
        f"    gradient_accumulation_steps: {fastest[1]}",
    ]
    assert not (folder / "out").exists()


def test_find_batch_size_as_json_is_one_document(run: Callable, folder: Path):
    done = run("find-batch-size", "-c", "small.yaml", "--min=3", "--json")
    assert (done.exit_code, done.err) == (0, "")
    assert [each["batch_size"] for each in done.document["tried"]] == [3, 6]
    assert done.document["ended_by"] == "batches of 12 do not fit in memory"
    assert done.document["largest"] == 6
    assert done.document["suggestion"] is None


def test_find_batch_size_says_where_no_size_keeps_the_steps(
    run: Callable, folder: Path
):
    done = run("find-batch-size", "-c", "small.yaml", "--min", "3")
    assert done.exit_code == 0
    assert "None of these keeps 32 samples in a step" in done.out


@pytest.mark.parametrize("command", ["find-lr", "find-batch-size"])
@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["-c", "bad.yaml"], "did you mean 'log_level'?"),
        (["-c", "missing.yaml"], "missing.yaml"),
        (["-c", "good.yaml", "--training.max_stepz", "7"], "max_steps"),
        (["-c", "good.yaml", "--min", "5", "--max", "3"], "cannot rise from 5 to 3"),
        (["-c", "good.yaml", "--min", "0"], "cannot rise from 0"),
        (["-c", "good.yaml", "--min", "x"], "'x' is not a valid"),
        ([], "Missing option '-c'"),
    ],
)
def test_bad_input_is_refused_in_a_line(
    run: Callable, folder: Path, command: str, args: list[str], sentence: str
):
    done = run(command, *args)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert sentence in done.err
    assert len(done.err.splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize("command", ["find-lr", "find-batch-size"])
def test_ctrl_c_leaves_nothing(run: Callable, folder: Path, command: str):
    before = sorted(folder.iterdir())
    steps = ["--training.per_device_train_batch_size", "8"]
    done = run(command, "-c", "interrupted.yaml", *steps)
    assert (done.exit_code, done.out) == (130, "")
    assert [path for path in sorted(folder.iterdir()) if "cache" not in path.name] == [
        path for path in before if "cache" not in path.name
    ]


def test_what_does_not_fit_at_all_is_a_failure(run: Callable, folder: Path):
    done = run("find-batch-size", "-c", "small.yaml", "--min", "9")
    assert (done.exit_code, done.out) == (1, "")
    assert "no batch size is possible: batches of 9 do not fit in memory" in done.err
