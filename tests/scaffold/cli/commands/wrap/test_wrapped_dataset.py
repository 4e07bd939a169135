"""`wrap --dataset`: the module is tried with samples as the dataset has them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from generated_configs import config_of, dataset_of
from programs import succeeding_python
from trees import make_tree
from wrapped_modules import HEAD, LINEAR, TABLE, masked

IMAGES = ("--task", "image-classification")
OWN = ("--name", "MyNet", "--dataset", "own_rows")
DIGITS = ("--name", "MyNet", "--dataset", "digits")
CONVOLUTION = f"""{HEAD}class Pictures(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 3)
        self.two = nn.Linear(4 * 14 * 14, num_classes)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)).flatten(1))
"""


def dataset_with(sample: str, rows: int = 60, body: str = "") -> dict[str, str]:
    """A registered dataset, `own_rows`, whose samples are an expression of `i`."""
    source = f"""\
import torch
from torch.utils.data import Dataset
from oumi_runtime.core.registry import register_dataset


@register_dataset("own_rows")
class OwnRows(Dataset):
    {body or "pass"}

    def __init__(self, split="train"):
        self.seed = ["train", "validation", "test"].index(split)

    def __len__(self):
        return {rows}

    def __getitem__(self, i):
        if i >= len(self):
            raise IndexError(i)
        torch.manual_seed(3 * i + self.seed)
        return {sample}
"""
    return {"data.py": source, "oumi_requirements.txt": "data.py\n"}


def test_rows_give_the_numbers_of_features_and_classes(project: Path, run: Callable):
    own = dataset_with('{"features": torch.randn(30), "labels": i % 3}')
    make_tree(project, {"nets.py": LINEAR, **own})
    done = run("wrap", "nets.py:Rows", *TABLE, *OWN)
    assert (done.exit_code, done.err) == (0, "")
    assert config_of(project)["model"]["model_kwargs"] == {
        "num_features": 30,
        "num_classes": 3,
        "dim": 8,
    }
    assert dataset_of(project)["dataset_name"] == "own_rows"


@pytest.mark.slow
def test_what_is_generated_trains_on_the_dataset(project: Path, run: Callable):
    own = dataset_with('{"images": torch.rand(3, 16, 16), "labels": i % 4}')
    make_tree(project, {"nets.py": CONVOLUTION, **own})
    done = run("wrap", "nets.py:Pictures", *IMAGES, *OWN)
    assert (done.exit_code, done.err) == (0, "")
    succeeding_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_images_give_their_size_and_channels(project: Path, run: Callable):
    own = dataset_with('{"images": torch.rand(3, 16, 16), "labels": i % 4}')
    make_tree(project, {"nets.py": CONVOLUTION, **own})
    done = run("wrap", "nets.py:Pictures", *IMAGES, *OWN)
    assert (done.exit_code, done.err) == (0, "")
    tests = (project / "tests" / "test_my_net.py").read_text()
    assert "torch.rand(batch_size, 3, 16, 16)" in tests
    assert config_of(project)["model"]["model_kwargs"] == {"num_classes": 4}


@pytest.mark.parametrize(
    ("rows", "body", "number", "is_noted"),
    [
        (60, 'label_names = ["a", "b", "c", "d", "e"]', 5, False),
        (60, "", 3, False),
        (60_000, "", 3, True),
    ],
)
def test_classes_are_those_of_names_or_labels(
    project: Path, run: Callable, rows: int, body: str, number: int, is_noted: bool
):
    sample = '{"features": torch.zeros(64), "labels": torch.tensor(i % 3)}'
    make_tree(project, {"nets.py": LINEAR, **dataset_with(sample, rows, body)})
    done = run("wrap", "nets.py:Rows", *TABLE, *OWN)
    assert done.exit_code == 0, done.err
    assert config_of(project)["model"]["model_kwargs"]["num_classes"] == number
    assert ("num_classes=3 is that of 2,000 of its 60,000 samples" in done.err) == (
        is_noted
    )


def test_names_of_classes_of_texts_are_counted(project: Path, run: Callable):
    source = masked("mask", "mask.float() / mask.sum(1, keepdim=True)")
    source = source.replace("mask=None", "mask")
    own = dataset_with('{"text": f"a text {i}", "label": "xyz"[i % 3]}')
    make_tree(project, {"nets.py": source, **own})
    done = run(
        *("wrap", "nets.py:Net", "--task", "text-classification"),
        *OWN,
    )
    assert (done.exit_code, done.err) == (0, "")
    assert config_of(project)["model"]["model_kwargs"]["num_classes"] == 3


def test_a_setting_of_more_classes_than_were_seen_is_kept(project: Path, run: Callable):
    own = dataset_with('{"features": torch.zeros(64), "labels": i % 3}')
    make_tree(project, {"nets.py": LINEAR, **own})
    done = run(
        *("wrap", "nets.py:Rows", *TABLE, *OWN),
        *("--set", "num_classes=7"),
    )
    assert done.exit_code == 0, done.err
    assert config_of(project)["model"]["model_kwargs"]["num_classes"] == 7


@pytest.mark.parametrize(
    ("sample", "options", "told"),
    [
        (
            '{"features": torch.zeros(2, 50), "labels": 0}',
            TABLE,
            "the features of a sample of 'own_rows' have shape (2, 50), and a model "
            "takes rows of numbers: let the dataset flatten them",
        ),
        (
            '{"x": torch.zeros(2), "y": 0}',
            TABLE,
            "a sample of 'own_rows' has x, y, and a model of tabular-classification "
            "takes features and labels: return them in a dict",
        ),
        (
            '{"images": torch.zeros(8, 8), "labels": 0}',
            IMAGES,
            "have shape (8, 8), and a model takes (channels, height, width)",
        ),
        (
            '{"images": torch.zeros(3, 8, 8, dtype=torch.uint8), "labels": 0}',
            IMAGES,
            "are uint8, and a model takes float32 in 0..1",
        ),
        (
            '{"features": torch.zeros(30).double(), "labels": 0}',
            TABLE,
            "are float64, and a model takes float32: convert them in the dataset",
        ),
        (
            '{"features": torch.zeros(30), "labels": 0}',
            (*TABLE, "--set", "num_features=20"),
            "the data has num_features=30, but --set says '20': leave it out",
        ),
    ],
)
def test_samples_that_do_not_fit_are_refused_in_a_line(
    project: Path, run: Callable, sample: str, options: tuple[str, ...], told: str
):
    make_tree(project, {"nets.py": LINEAR, **dataset_with(sample)})
    done = run("wrap", "nets.py:Rows", *options, *OWN)
    assert done.exit_code == 2
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    assert not (project / "models").exists()


def test_a_dataset_that_needs_arguments_leaves_the_usual_sizes(
    project: Path, run: Callable
):
    own = dataset_with("open(self.dataset_path)")
    make_tree(project, {"nets.py": LINEAR, **own})
    done = run("wrap", "nets.py:Rows", *TABLE, *OWN)
    assert done.exit_code == 0
    assert "'own_rows' cannot be read without arguments (AttributeError: " in done.err
    assert config_of(project)["model"]["model_kwargs"]["num_features"] == 64


def test_digits_may_be_enlarged(project: Path, run: Callable):
    source = CONVOLUTION.replace("Conv2d(3,", "Conv2d(1,")
    make_tree(project, {"nets.py": source})
    done = run(
        *("wrap", "nets.py:Pictures", *IMAGES, *DIGITS, "--set", "image_size=16"),
    )
    assert (done.exit_code, done.err) == (0, "")
    assert dataset_of(project)["dataset_kwargs"] == {"image_size": 16}
