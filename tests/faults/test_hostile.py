"""Files made to do harm get a sentence and exit code 2; nothing in them is run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "hostile.py"


@pytest.fixture(scope="module")
def outcomes() -> list[dict]:
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_is_refused_with_a_sentence(outcomes: list[dict]) -> None:
    assert len(outcomes) >= 40
    wrong = [o for o in outcomes if o["code"] != 2 or "Traceback" in o["sentence"]]
    assert wrong == []
    assert all(o["sentence"] for o in outcomes)


def test_nothing_of_them_is_run(outcomes: list[dict]) -> None:
    assert [o["name"] for o in outcomes if o["ran"]] == []


def test_none_costs_much(outcomes: list[dict]) -> None:
    dear = [o for o in outcomes if o["seconds"] > 2 or o["megabytes"] > 300]
    assert dear == []
