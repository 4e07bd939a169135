"""Killed after any system call, a save leaves what the run can go on from."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "crash_points.py"


def enumerate_points(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=500,
    )
    return json.loads(done.stdout)


def test_there_is_no_point_at_which_a_save_breaks_the_run() -> None:
    result = enumerate_points()
    for save in result["saves"].values():
        assert save["problems"] == []
        assert save["points"] > 15
