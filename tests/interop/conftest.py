"""A project that the oumi package runs, in an environment of its own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated import HERE, MODELS, PYTHON

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.spec import OUMI, model_spec
from oumi_scaffold.writing.write import write

PACKAGES = ("oumi", "torch", "transformers", "datasets", "omegaconf", "pydantic")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with every model, written for the oumi package."""
    folder = tmp_path_factory.mktemp("interop")
    for name, (task, arch) in MODELS.items():
        write(plan_model(model_spec(name, task, arch, OUMI), folder))
    return folder


@pytest.fixture(scope="session")
def oumi(project: Path) -> Callable[..., str]:
    """Runs a Python program in the environment of the oumi package."""
    if not PYTHON.exists():
        pytest.fail("there is no .venv-interop; `make interop` makes it", pytrace=False)
    # Neither telemetry nor the hub: everything that is needed is here.
    settings = {"DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1", "WANDB_MODE": "disabled"}
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | settings

    def run(*args: str | Path, **variables: str) -> str:
        done = subprocess.run(
            [PYTHON, *args],
            cwd=project,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def record(
    oumi: Callable[..., str], request: pytest.FixtureRequest
) -> Iterator[Callable[[str], None]]:
    """Takes lines for RESULTS.md, which is written when every test has passed."""
    code = f"import importlib.metadata as m\nprint(*map(m.version, {PACKAGES}))"
    versions = dict(zip(PACKAGES, oumi("-c", code).split(), strict=True))
    lines: list[str] = []
    yield lines.append
    if request.session.testsfailed:
        return
    table = [f"| {name} | {version} |" for name, version in versions.items()]
    text = [
        "# With the oumi package itself",
        "",
        "Written by `make interop`, in an environment of its own:",
        "",
        "| package | version |",
        "|---|---|",
        *table,
        "",
        *(f"- {line}" for line in lines),
    ]
    (HERE / "RESULTS.md").write_text("\n".join(text) + "\n")
