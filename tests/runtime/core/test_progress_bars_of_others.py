"""Progress bars of Hugging Face's packages are drawn on terminals only."""

import os
import subprocess
import sys

import pytest

from oumi_runtime.core.log import keep_bars_out_of_files

VARIABLE = "HF_HUB_DISABLE_PROGRESS_BARS"


@pytest.mark.parametrize(
    ("is_terminal", "before", "after"),
    [
        (False, None, "1"),
        (False, "0", "0"),
        (True, None, None),
    ],
)
def test_bars_are_hidden_in_files_unless_they_are_asked_for(
    is_terminal: bool,
    before: str | None,
    after: str | None,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv(VARIABLE, before or "")  # so that it is restored afterwards
    if before is None:
        monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    keep_bars_out_of_files()
    assert os.environ.get(VARIABLE) == after


PROGRAM = """
from oumi_runtime.core.log import keep_bars_out_of_files
keep_bars_out_of_files()
from transformers.utils import logging
print(logging.is_progress_bar_enabled())
"""


def test_transformers_follows_it():
    program = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
