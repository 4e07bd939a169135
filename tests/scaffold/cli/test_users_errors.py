"""An error in the user's own file is shown once, with that file's traceback alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree

import oumi_runtime.builders  # noqa: F401  registers the built-in datasets
from oumi_runtime.core.registry import REGISTRY

MODEL = """\
import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel


@registry.register("Mine", registry.RegistryType.MODEL)
class Mine(BaseModel):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(64, 10)

    def forward(self, images, labels=None, **kwargs):
        logits = self.linear(images.flatten(1))
        IN_FORWARD
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return torch.nn.functional.cross_entropy


IN_MODULE
"""
CONFIG = """\
model: {model_name: Mine}
data: {train: {datasets: [{dataset_name: digits, sample_count: 16}]}}
training: {max_steps: 1, save_steps: 0}
"""


@pytest.fixture(autouse=True)
def _own_registry():
    with REGISTRY.isolated():
        yield


@pytest.mark.parametrize(
    ("marker", "line", "code", "error"),
    [
        ("IN_MODULE", 22, "1 / 0", "ZeroDivisionError: division by zero"),
        ("IN_MODULE", 22, "open('gone.txt')", "FileNotFoundError: [Errno 2]"),
        ("IN_FORWARD", 14, "{}['key']", "KeyError: 'key'"),
    ],
)
def test_it_begins_in_the_users_file(
    project: Path, run: Callable, marker: str, line: int, code: str, error: str
):
    text = (
        MODEL.replace(marker, code).replace("IN_MODULE", "").replace("IN_FORWARD", "")
    )
    make_tree(
        project,
        {"oumi_requirements.txt": "mine.py\n", "mine.py": text, "c.yaml": CONFIG},
    )

    done = run("train", "-c", "c.yaml")

    assert done.exit_code == 1
    traceback = done.err[done.err.index("Traceback") :].splitlines()
    assert traceback[1] == f'  File "{project}/mine.py", line {line}, in ' + (
        "<module>" if marker == "IN_MODULE" else "forward"
    )
    assert done.err.count("Traceback") == 1
    assert done.err.count(error) == 1
    assert "oumi_runtime/" not in done.err
    name = error.partition(":")[0]
    assert traceback[-1] == f"error: mine.py:{line} raised {name}, see above"
    assert "report" not in done.err


def test_debug_shows_the_whole_way(project: Path, run: Callable):
    text = MODEL.replace("IN_MODULE", "1 / 0").replace("IN_FORWARD", "")
    make_tree(
        project,
        {"oumi_requirements.txt": "mine.py\n", "mine.py": text, "c.yaml": CONFIG},
    )

    done = run("--debug", "train", "-c", "c.yaml")

    assert "oumi_runtime/core/registry/loading.py" in done.err
    assert done.err.count("division by zero") == 1
