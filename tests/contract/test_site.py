"""The documentation: it builds without a warning, and leaves nothing public out."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
PACKAGES = (
    "builders",
    "core.datasets",
    "core.models",
    "core.registry",
    "core.trainers.callbacks",
    "datasets",
    "export",
    "finding",
    "metrics",
    "models",
    "testing",
    "tuning",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(package: str):
    text = "".join(page.read_text() for page in REFERENCE.glob("*.md"))
    shown = set(re.findall(r"^\.\. auto\w+:: oumi_runtime\.(\S+)$", text, re.MULTILINE))
    module = importlib.import_module(f"oumi_runtime.{package}")
    assert {f"{package}.{name}" for name in module.__all__} - shown == set()


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path):
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    made = subprocess.run(
        [*sphinx, "-d", tmp_path / "read", "-c", "docs", ".", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (made.returncode, made.stderr) == (0, "")
    page = (tmp_path / "site" / "docs" / "reference" / "command_line.html").read_text()
    assert "--nproc-per-node" in page
