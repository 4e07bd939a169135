"""What is loaded by what: the seconds that torch takes are paid by training only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TORCH = {"torch", "transformers", "accelerate", "torchmetrics", "safetensors"}
DATA = {"pyarrow", "datasets", "pandas", "numpy", "tokenizers"}
CHECKING = {"pydantic", "yaml"}
GENERATING = {"jinja2", "cookiecutter"}
SHOWING = {"rich", "click"}

# The last line of stdout, whatever the code before it has printed.
REPORT = """
import json, sys
print()
print(json.dumps(sorted(sys.modules)))
"""
COMMAND = """
from oumi_scaffold.cli import main
assert main({args!r}) == 0
"""
CONFIG = """\
model:
  model_name: MLPEncoder
data:
  train:
    datasets:
      - dataset_name: stdlib_docstrings
"""


def loaded_by(code: str, folder: Path) -> set[str]:
    """The top-level packages, and our own modules, that the code has loaded."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OUMI_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + REPORT],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {m for m in modules if m.startswith("oumi_") or "." not in m}


def command(*args: str) -> str:
    return COMMAND.format(args=list(args))


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import oumi_scaffold.cli",
            TORCH | DATA | CHECKING | GENERATING | {"rich", "oumi_runtime"},
        ),
        (
            command("--help"),
            TORCH | DATA | CHECKING | GENERATING | {"rich", "oumi_runtime"},
        ),
        (
            command("list", "tasks"),
            TORCH | DATA | {"pydantic", "cookiecutter", "rich", "oumi_runtime"},
        ),
        (
            command("new-model", "X", "--dry-run"),
            TORCH | DATA | {"pydantic", "cookiecutter", "rich"},
        ),
        (
            f"{command('new-dataset', 'MyRows')}{command('new-project', 'my-lab')}",
            TORCH | DATA | {"pydantic", "cookiecutter", "rich"},
        ),
        (
            f"{command('new-model', 'X')}{command('update')}{command('undo')}",
            TORCH | DATA | {"pydantic", "cookiecutter", "rich"},
        ),
        (command("list", "models"), TORCH | DATA | {"pydantic", "cookiecutter"}),
        (command("validate", "config.yaml"), TORCH | DATA | GENERATING),
        (command("export", "--help"), TORCH | DATA | CHECKING | {"oumi_runtime"}),
        (command("predict", "--help"), TORCH | DATA | CHECKING | {"oumi_runtime"}),
        (command("wrap", "--help"), TORCH | DATA | {"oumi_runtime", "pydantic"}),
        (command("find-lr", "--help"), TORCH | DATA | CHECKING | {"oumi_runtime"}),
        (
            "import oumi_runtime",
            TORCH | DATA | CHECKING | GENERATING | SHOWING | {"oumi_runtime.core"},
        ),
        (
            "import oumi_runtime.core.registry",
            TORCH | DATA | CHECKING | GENERATING | SHOWING,
        ),
        ("import oumi_runtime.core.configs", TORCH | DATA | GENERATING | SHOWING),
        (
            "import oumi_runtime.train, oumi_runtime.evaluate, oumi_runtime.infer",
            {"transformers", "accelerate", "torchmetrics", "pyarrow", "datasets"},
        ),
        (
            "import oumi_runtime.finding",
            {"transformers", "accelerate", "torchmetrics", "pyarrow", "matplotlib"},
        ),
        (
            "import oumi_runtime.testing",
            {"transformers", "accelerate", "torchmetrics", "pyarrow", "datasets"},
        ),
    ],
    ids=lambda value: value.strip().splitlines()[-1] if isinstance(value, str) else "",
)
def test_it_does_not_load(tmp_path: Path, code: str, absent: set[str]):
    (tmp_path / "config.yaml").write_text(CONFIG)
    assert loaded_by(code, tmp_path) & absent == set()


def test_what_the_report_sees_is_really_what_is_loaded(tmp_path: Path):
    found = loaded_by("import oumi_runtime.core.models", tmp_path)
    assert {"torch", "oumi_runtime.core.models.base_model"} <= found


def test_pytest_loads_the_plugin_alone(tmp_path: Path):
    # In every project where oumi-scaffold happens to be installed.
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    code = "import pytest\nassert pytest.main(['-q', '-p', 'no:cacheprovider']) == 0"
    found = loaded_by(code, tmp_path)
    assert found & (TORCH | CHECKING | {"numpy", "jinja2"}) == set()
    assert {module for module in found if module.startswith("oumi_")} == {
        "oumi_runtime",
        "oumi_runtime.pytest_plugin",
    }
