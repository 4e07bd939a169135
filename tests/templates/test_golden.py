"""What every cell is written as, in files that a change has to change too."""

import os
from pathlib import Path

import pytest
from cells import CELLS, rendered

GOLDEN = Path(__file__).parent / "golden"


def text_of(task: str, arch: str) -> str:
    files = rendered(task, arch, "MyNet")
    return "\n".join(f"{'=' * 8} {file.path}\n{file.text}" for file in files)


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_a_cell_is_written_as_it_was(task: str, arch: str):
    file = GOLDEN / f"{task}.{arch}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text_of(task, arch))
    assert file.read_text() == text_of(task, arch), "see CONTRIBUTING.md"


def test_there_is_no_file_of_a_cell_that_there_is_not():
    known = {f"{task}.{arch}.txt" for task, arch in CELLS}
    assert {path.name for path in GOLDEN.iterdir()} == known
