"""The source that is carried along: what is needed, and nothing of this project."""

import ast
from pathlib import Path

import pytest
import torch
from exported_runs import outputs_elsewhere, project_run

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ExportSourceError
from oumi_runtime.export import export
from oumi_runtime.export.inference import outputs_for
from oumi_runtime.export.inputs.sampling import sample_batches
from oumi_runtime.export.opening import open_run
from oumi_runtime.export.source.carrying import carry

HEAD = """
from typing import TYPE_CHECKING

import torch
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from torch import nn
"""
CLASS = """

@register("Net", RegistryType.MODEL)  # the name in configs
class Net(BaseModel):
    # A comment that stays: \u00e4\u00f6\u00fc.
    def __init__(self, width: int = 4):
        super().__init__(width=width)
        self.layer = nn.Linear(2, width)

    def forward(self, features, labels=None):
        return {"logits": self.layer(features)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""


def carried(folder: Path, source: str, **others: str) -> dict[str, str]:
    files = {f"{name}.py": text for name, text in others.items()}
    project_run(folder, source, others=files)
    model_class = REGISTRY["Net", RegistryType.MODEL]
    found = carry(model_class, set())
    for text in found.files.values():
        tree = ast.parse(text)
        names = [
            *(n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)),
            *(
                alias.name
                for n in ast.walk(tree)
                if isinstance(n, ast.Import)
                for alias in n.names
            ),
        ]
        assert not [name for name in names if name and "oumi" in name]
    return found.files


def test_only_imports_and_the_registration_change(tmp_path: Path):
    files = carried(tmp_path, HEAD + CLASS)
    assert set(files) == {"net.py", "base_model.py"}
    expected = (HEAD + CLASS).replace(
        "from oumi_runtime.core.models import BaseModel\n"
        "from oumi_runtime.core.registry import RegistryType, register\n",
        "from .base_model import BaseModel\n",
    )
    expected = expected.replace(
        '@register("Net", RegistryType.MODEL)  # the name in configs\n', ""
    )
    assert files["net.py"] == expected


def test_what_is_registered_beside_the_model_is_left_out(tmp_path: Path):
    beside = """
import json
import csv
from oumi_runtime.core import registry
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.registry import register_dataset


class Rows(BaseMapDataset):
    def read(self):
        return json.loads(text_of(self))


def text_of(rows):
    return csv.__doc__


@register_dataset("mine")
class Mine(Rows):
    pass


@registry.register("Base", registry.RegistryType.MODEL)
class Base(BaseModel):
    def __init__(self):
        super().__init__()


if __name__ == "__main__":
    from oumi_runtime.train import train

    print(train, json, csv)
"""
    source = (
        HEAD
        + beside
        + CLASS.replace("(BaseModel)", "(Base)").replace(
            "super().__init__(width=width)", "super().__init__()"
        )
    )
    text = carried(tmp_path, source)["net.py"]
    assert "class Base(BaseModel)" in text
    assert "register" not in text
    for name in ("Mine", "Rows", "text_of"):  # What only these use is left out, too.
        assert name not in text
    assert "import json" not in text
    assert "import csv" not in text
    assert "__main__" not in text
    assert "import torch\n" in text  # unused before as well


@pytest.mark.slow
def test_other_files_of_the_project_come_along(tmp_path: Path):
    source = (
        HEAD
        + """
from parts.layers import Block as TheBlock
from sizes import *
if TYPE_CHECKING:
    from parts.types import Nothing
""".replace("from sizes import *\n", "from sizes import WIDTH\n")
        + CLASS.replace("nn.Linear(2, width)", "TheBlock(2, width + WIDTH)")
    )
    layers = "from sizes import SCALE\nfrom torch import nn\n\nclass Block(nn.Linear):"
    layers += "\n    def forward(self, x):\n        import sizes as _unused\n"
    layers += "        return super().forward(x) * SCALE\n"
    project = tmp_path / "project"
    others = {"parts/layers.py": layers, "sizes.py": "WIDTH = 1\nSCALE = 3.0\n"}
    run = project_run(project, source, others=others)
    export(run, "huggingface", tmp_path / "dest")
    names = {path.name for path in (tmp_path / "dest").glob("*.py")}
    assert {"net.py", "layers.py", "sizes.py", "base_model.py"} < names
    opened = open_run(run)
    batch = sample_batches(opened).inputs[0]
    load = "import transformers\nmodel = transformers.AutoModel"
    load += ".from_pretrained('.', trust_remote_code=True)"
    found = outputs_elsewhere(load, tmp_path / "dest", batch)
    assert found["logits"].shape == (5, 5)
    expected = outputs_for(opened.model, batch)["logits"]
    torch.testing.assert_close(found["logits"], expected)


@pytest.mark.parametrize(
    ("line", "use", "remedy"),
    [
        ("import sizes", "sizes.WIDTH", "from sizes import"),
        ("from sizes import *", "WIDTH", "in place of"),
        ("from parts import layers", "layers.WIDTH", "from parts.layers import"),
        ("import oumi_runtime", "len(oumi_runtime.__name__)", "from oumi_runtime"),
        (
            "from oumi_runtime.core.registry import REGISTRY",
            "len(str(REGISTRY))",
            "to register the class",
        ),
        (
            "from oumi_runtime.exceptions import suggestion",
            "len(suggestion('a', []))",
            "in the model's own file",
        ),
    ],
)
def test_what_cannot_come_along_is_named_with_its_line(
    line: str, use: str, remedy: str, tmp_path: Path
):
    source = HEAD + line + "\n" + CLASS.replace("Linear(2, width", f"Linear(2, {use}")
    others = {"sizes.py": "WIDTH = 3\n", "parts/layers.py": "WIDTH = 3\n"}
    source = source.replace(use, f"max(1, {use})")
    run = project_run(tmp_path / "project", source, others=others)
    with pytest.raises(ExportSourceError) as caught:
        export(run, "huggingface", tmp_path / "dest")
    assert f"net.py:8: '{line}'" in str(caught.value)
    assert remedy in str(caught.value)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "dest").exists()


def test_a_class_of_no_file_is_refused():
    space: dict[str, object] = {"__name__": "nowhere"}
    exec(HEAD + "class Net(nn.Module):\n    pass\n", space)
    with pytest.raises(ExportSourceError, match="not a class of a Python file"):
        carry(space["Net"], set())  # type: ignore[arg-type]


def test_a_built_in_model_and_what_derives_from_it_come_along(tmp_path: Path):
    params = ModelParams(model_name="MLPEncoder")
    assert set(carry(type(build_model(params)), set()).files) == {
        "mlp.py",
        "base_model.py",
    }
    derived = (
        HEAD
        + """
from oumi_runtime.models import MLPEncoder


@register("Net", RegistryType.MODEL)
class Net(MLPEncoder):
    pass
"""
    )
    files = carried(tmp_path, derived)
    assert set(files) == {"net.py", "mlp.py", "base_model.py"}
    assert "from .mlp import MLPEncoder" in files["net.py"]


def test_tied_weights_buffers_and_plain_tensors_arrive(tmp_path: Path):
    source = (
        HEAD
        + """

@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self, width: int = 4):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = nn.Linear(2, 2)
        self.second.weight = self.first.weight
        self.norm = nn.BatchNorm1d(2)
        self.norm.running_mean += 0.5
        self.register_buffer("table", torch.arange(2.0) + 1, persistent=False)
        self.shift = torch.linspace(1, 2, 2)

    def forward(self, features, scale: float = 2.0):
        x = self.second(self.first(features)) * self.table + self.shift
        return {"logits": self.norm(x) * scale, "width": self.init_kwargs["width"]}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""
    )
    run = project_run(tmp_path / "project", source)
    export(run, "huggingface", tmp_path / "dest")
    opened = open_run(run)
    batch = sample_batches(opened).inputs[0]
    load = """import transformers
model = transformers.AutoModel.from_pretrained('.', trust_remote_code=True).eval()
assert model.model.first.weight is model.model.second.weight
assert model(features=torch.ones(2, 2))["width"] == 4
plain = model
model = lambda **given: {"logits": plain(**given)["logits"]}
"""
    found = outputs_elsewhere(load, tmp_path / "dest", batch)["logits"]
    torch.testing.assert_close(found, outputs_for(opened.model, batch)["logits"])
