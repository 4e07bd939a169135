"""Plain `pytest` imports a project's models, wherever it is started."""

import os
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


def test_a_folder_without_the_file_is_left_alone(tmp_path):
    tree = {k: v for k, v in PROJECT.items() if k != "oumi_requirements.txt"}
    result = run_pytest(write(tmp_path, tree))
    assert result.returncode == 2
    assert "No module named 'models'" in result.stdout
