"""Plain `pytest` imports a project's models, wherever it is started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = {
    "oumi_requirements.txt": "models/net.py\n",
    "models/net.py": "import sys\nNAME = 'net'\nTORCH = 'torch' in sys.modules\n",
    "tests/test_net.py": (
        "from models.net import NAME, TORCH\n\n\n"
        "def test_net():\n    assert (NAME, TORCH) == ('net', False)\n"
    ),
    "tests/deep/test_deep.py": (
        "from models import net\n\n\ndef test_net():\n    assert net.NAME == 'net'\n"
    ),
}


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Not `python -m pytest`, which would put the folder on the path by itself.
    program = Path(sys.executable).with_name("pytest")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    return subprocess.run(
        [program, "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def write(root: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize("start", [".", "tests", "tests/deep"])
def test_the_projects_models_can_be_imported(tmp_path, start):
    project = write(tmp_path, PROJECT)
    result = run_pytest(project / start)
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout


@pytest.mark.parametrize("tests", ["project/tests", "project/tests/test_net.py"])
def test_the_models_of_a_project_below_can_be_imported(tmp_path, tests):
    write(tmp_path / "project", PROJECT)
    result = run_pytest(tmp_path, tests)
    assert result.returncode == 0, result.stdout
    assert "passed" in result.stdout


def test_a_folder_without_the_file_is_left_alone(tmp_path):
    tree = {k: v for k, v in PROJECT.items() if k != "oumi_requirements.txt"}
    result = run_pytest(write(tmp_path, tree))
    assert result.returncode == 2
    assert "No module named 'models'" in result.stdout


CONFORMANCE = {
    "oumi_requirements.txt": "net.py\n",
    "net.py": (
        "import torch\n"
        "from torch import nn\n"
        "from torch.nn import functional as F\n"
        "from oumi_runtime.core.models import BaseModel\n\n\n"
        "class Net(BaseModel):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layer = nn.Linear(4, 3)\n"
        "        self.forgotten = nn.Linear(4, 3)\n\n"
        "    def forward(self, features, labels=None, **kwargs):\n"
        "        logits = self.layer(features)\n"
        "        if labels is None:\n"
        "            return {'logits': logits}\n"
        "        return {'logits': logits, 'loss': self.criterion(logits, labels)}\n\n"
        "    @property\n"
        "    def criterion(self):\n"
        "        return F.cross_entropy\n"
    ),
    "test_net.py": (
        "import torch\n"
        "from net import Net\n"
        "from oumi_runtime.testing import parametrize_with_checks\n\n\n"
        "def make_model():\n"
        "    return Net()\n\n\n"
        "def make_batch(batch_size):\n"
        "    features = torch.randn(batch_size, 4)\n"
        "    labels = torch.arange(batch_size) % 3\n"
        "    return {'features': features, 'labels': labels}\n\n\n"
        "@parametrize_with_checks(make_model, make_batch)\n"
        "def test_conformance(check):\n"
        "    check()\n\n\n"
        "def test_fixtures(model, batch, device):\n"
        "    assert not model.training\n"
        "    assert model(**batch)['loss'].device == device == torch.device('cpu')\n"
        "    assert len(batch['labels']) == 4\n"
    ),
    "test_other.py": "def test_it(model):\n    pass\n",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest prints of a project whose model has an unused layer."""
    project = write(tmp_path_factory.mktemp("project"), CONFORMANCE)
    chosen = "gets_a_gradient or ids_out_of or given_weights or test_it or fixtures"
    done = run_pytest(project, "-vv", "-k", chosen)
    assert done.returncode == 1
    return done.stdout


def test_a_failed_check_is_summed_up_in_one_line(report):
    summary = report.partition("= conformance =")[2].splitlines()
    assert summary[1] == (
        "test_net.py every_parameter_gets_a_gradient: forgotten.weight, forgotten.bias "
        "gets no gradient: is the layer unused in forward, or detached?"
    )


def test_what_many_checks_say_of_a_broken_model_is_told_once(tmp_path):
    broken = CONFORMANCE["net.py"].replace("Linear(4, 3)", "Linear(5, 3)")
    project = write(tmp_path, {**CONFORMANCE, "net.py": broken})
    done = run_pytest(project, "-k", "logits_are_one_row or labels or batch")
    summary = done.stdout.partition("= conformance =")[2].partition("\n====")[0]
    told = [line for line in summary.splitlines() if "the model raises" in line]
    assert len(told) == 1
    assert re.match(
        r"test_net.py logits_are_one_row_per_sample and \d+ more: ", told[0]
    )


def test_a_check_that_does_not_apply_is_neither_passed_nor_skipped(report):
    last = report.splitlines()[-1]
    assert "1 failed, 2 passed" in last
    assert "1 not applicable" in last
    assert "skipped" not in last
    reason = "not applicable: the inputs have no token ids"
    assert f"test_net.py ids_out_of_range_are_refused: {reason}" in report


def test_the_fixtures_come_from_the_modules_own_functions(report):
    assert "test_fixtures PASSED" in report
    assert (
        "the fixture 'model' is made by make_model(), which test_other does not define"
    ) in report


def test_weights_are_recorded_when_asked_for_and_compared_from_then_on(tmp_path):
    project = write(tmp_path, CONFORMANCE)
    only = ("test_net.py", "-k", "as_recorded")
    done = run_pytest(project, *only, "--update-conformance-golden")
    assert "1 passed" in done.stdout
    record = project / "golden" / "Net.state_dict.json"
    assert '"layer.weight": "float32 [3, 4]"' in record.read_text()
    text = (project / "net.py").read_text().replace("self.layer", "self.head")
    (project / "net.py").write_text(text)
    changed = run_pytest(project, *only)
    assert "head.weight is new" in changed.stdout
    assert "layer.weight is gone" in changed.stdout


@pytest.mark.parametrize(("given", "policy"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_tests_that_share_the_cores_do_not_wait_awake_unless_told_to(
    tmp_path, monkeypatch, given, policy
):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    text = "import os\nPOLICY = os.environ.get('OMP_WAIT_POLICY')\n"
    test = f"import conftest\ndef test_it(): assert conftest.POLICY == {policy!r}\n"
    write(tmp_path, {"conftest.py": text, "test_it.py": test})
    result = run_pytest(tmp_path, "-n", "1")
    assert result.returncode == 0, result.stdout
