"""Python in a process of its own, for tests."""

import subprocess
import sys
from pathlib import Path


def python(
    folder: Path, *args: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs Python in a folder, whatever it ends with."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def succeeding_python(folder: Path, *args: str, stdin: str | None = None) -> str:
    """Runs Python in a folder, which has to succeed; returns its stdout."""
    done = python(folder, *args, stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
