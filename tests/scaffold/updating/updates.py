"""The files of a model that is updated, for tests."""

from collections.abc import Callable
from pathlib import Path

from own_templates import NewerTemplate

MODEL, CONFIG, TEST = "models/my_net.py", "configs/my_net.yaml", "tests/test_my_net.py"
MANIFEST = ".oumi-scaffold.json"


def statuses(document: dict) -> dict[str, str]:
    return {file["path"]: file["status"] for file in document["files"]}


def edit(project: Path, old: str, new: str, path: str = MODEL) -> str:
    text = (project / path).read_text()
    assert old in text
    (project / path).write_text(text.replace(old, new, 1))
    return text


def is_up_to_date(run: Callable) -> bool:
    done = run("update", "--json")
    assert (done.exit_code, done.err) == (0, "")
    return set(statuses(done.document).values()) <= {"identical", "gone"}


def conflict(project: Path, newer: NewerTemplate) -> int:
    """Has both change one line; returns its number in the user's file."""
    edit(project, '"""Tests for', '# mine\n"""Tests for', TEST)
    edit(project, "VOCAB_SIZE = 100", "VOCAB_SIZE = 7", TEST)
    newer.replace("tests", "VOCAB_SIZE = 100", "VOCAB_SIZE = 200")
    newer.append("configs", "# new\n")
    lines = (project / TEST).read_text().splitlines()
    return lines.index("VOCAB_SIZE = 7") + 1
