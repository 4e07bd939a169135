"""A thousand models in one project: whoever uses one imports its file and no other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.spec import model_spec

NUMBER = 1000
REPORT = """
print()
users = [name for name in sys.modules if name.startswith("_oumi_user_net")]
print(json.dumps(users))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a thousand models, as `new-model` writes them."""
    folder = tmp_path_factory.mktemp("project")
    spec = model_spec("Net0")
    plan = plan_model(spec, folder)
    (text,) = [e.after.decode() for e in plan.entries if e.path == spec.model_file]
    assert '"Net0"' in text
    (folder / "models").mkdir()
    listed = [f"models/net{number}.py" for number in range(NUMBER)]
    for number, path in enumerate(listed):
        (folder / path).write_text(text.replace("Net0", f"Net{number}"))
    (folder / "oumi_requirements.txt").write_text("\n".join(listed) + "\n")
    return folder


def run(project: Path, code: str) -> list[str]:
    """Returns the lines that a program prints; the last names the users' modules."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{code}{REPORT}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.splitlines()


def test_listing_them_imports_none(project: Path) -> None:
    code = "from oumi_scaffold.cli import main; main(['list', 'models', '--json'])"

    *document, _blank, users = run(project, code)

    names = [model["name"] for model in json.loads("".join(document))["models"]]
    assert {f"Net{number}" for number in range(NUMBER)} < set(names)
    assert json.loads(users) == []


def test_building_one_imports_its_file_alone(project: Path) -> None:
    code = (
        "from oumi_runtime.builders import build_model\n"
        "from oumi_runtime.core.configs import ModelParams\n"
        "print(type(build_model(ModelParams(model_name='net777'))).__name__)"
    )

    name, _blank, users = run(project, code)

    assert name == "Net777"
    assert [user.rpartition("_")[0] for user in json.loads(users)] == [
        "_oumi_user_net777"
    ]


def test_checking_a_config_of_one_imports_none(project: Path) -> None:
    (project / "config.yaml").write_text(
        "model: {model_name: Net778, model_kwargs: {hiden_dim: 3}}\n"
        "data: {train: {datasets: [{dataset_name: digits}]}}\n"
    )
    code = "from oumi_scaffold.cli import main; main(['validate', 'config.yaml'])"

    _status, mistake, _blank, users = run(project, code)

    assert "did you mean 'hidden_dim'?" in mistake
    assert json.loads(users) == []
