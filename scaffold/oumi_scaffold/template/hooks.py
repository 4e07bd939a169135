"""The scripts of a template: shown, and run only where the user trusts them."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from oumi_scaffold.exceptions import HookError


def run_hooks(stage: str, hooks: Mapping[str, str], folder: Path) -> None:
    """Runs the scripts of one stage.

    Args:
        stage: Such as `post_gen_project`.
        hooks: All scripts, rendered, by their path in the template.
        folder: Where they run: the project.

    Raises:
        HookError: One did not end with 0.
    """
    for path, text in hooks.items():
        if Path(path).stem != stage:
            continue
        with tempfile.TemporaryDirectory(prefix="oumi-scaffold-") as temporary:
            script = Path(temporary, Path(path).name)
            script.write_text(text, encoding="utf-8")
            script.chmod(0o700)
            python = [sys.executable] if script.suffix == ".py" else []
            try:
                done = subprocess.run(
                    [*python, str(script)],
                    cwd=folder,
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=2,  # where messages go: stdout may hold a document
                )
            except OSError as error:
                raise HookError(path, error.strerror or str(error)) from error
        if done.returncode != 0:
            raise HookError(path, f"it ended with {done.returncode}")
