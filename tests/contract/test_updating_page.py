"""docs/updating.md: its commands do what it says, line by line."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from oumi_scaffold.cli import main
from oumi_scaffold.writing.plan import Status

PAGE = (Path(__file__).parents[2] / "docs" / "updating.md").read_text()
_STAMP = re.compile(r"backup-\d{8}-\d{6}")


def sessions() -> list[tuple[str, list[str]]]:
    """The commands of the page, with the lines that they are said to print."""
    found: list[tuple[str, list[str]]] = []
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(_STAMP.sub("backup", line))
    return found


def printed(command: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    program, *args = shlex.split(command)
    if program != "oumi-scaffold":
        subprocess.run([program, *args], check=True)
        return []
    main(args)
    captured = capsys.readouterr()
    return _STAMP.sub("backup", captured.out + captured.err).splitlines()


def test_every_command_prints_what_the_page_shows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    shown = [lines for _, lines in sessions()]
    assert len([lines for lines in shown if lines]) == 3
    for command, lines in sessions():
        said = printed(command, capsys)
        assert not lines or said == lines, command
    assert {path.name for path in tmp_path.iterdir()} == {".oumi-scaffold"}


def test_every_status_is_in_its_table():
    rows = "".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z]+)`", rows)) == set(Status)
