"""Two changes of one text: merged, or the places where they overlap."""

import subprocess
from pathlib import Path

import pytest

from oumi_scaffold.exceptions import MergeError
from oumi_scaffold.updating.merge import first_marker, merged

BASE = b"".join(b"line %d\n" % number for number in range(1, 21))


def changed(**lines: str) -> bytes:
    """The base with other lines, such as `_3="x"`; more, or none, for ''."""
    texts = BASE.decode().splitlines(keepends=True)
    for number, text in lines.items():
        texts[int(number[1:]) - 1] = text
    return "".join(texts).encode()


def test_changes_of_different_lines_are_both_taken():
    merge = merged(BASE, changed(_3="mine\n"), changed(_12="new\n"))
    assert merge.content == changed(_3="mine\n", _12="new\n")
    assert merge.lines == ()


def test_the_same_change_is_taken_once():
    both = changed(_3="both\n")
    assert merged(BASE, both, both).content == both


def test_changes_of_the_same_line_are_a_conflict_in_the_users_line():
    merge = merged(BASE, changed(_3="mine\n"), changed(_3="new\n"))
    assert merge.lines == (3,)
    marked = "<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> the template's\n"
    assert merge.content == changed(_3=marked)
    assert merge.marker_lines == (3,)


def test_lines_are_counted_in_the_users_text_where_the_template_added_or_took_some():
    yours = changed(_1="", _2="", _8="mine\n", _15="mine\n")
    new = changed(_5="", _6="more\n" * 9 + "line 6\n", _8="new\n", _15="new\n")
    merge = merged(BASE, yours, new)
    lines = yours.decode().splitlines()
    assert [lines[number - 1] for number in merge.lines] == ["mine", "mine"]
    marked = merge.content.decode().splitlines()
    assert {marked[number - 1] for number in merge.marker_lines} == {"<<<<<<< yours"}
    assert len(merge.marker_lines) == 2


@pytest.mark.parametrize(
    ("yours", "new", "line"),
    [
        (b"", changed(_1="new\n"), 1),
        (changed(_7=""), changed(_7="new\n"), 7),
        (changed(_20=""), changed(_20="new\n"), 19),
        (BASE + b"mine\n", BASE + b"new\n", 21),
        (b"mine", b"new", 1),
    ],
)
def test_a_conflict_about_lines_that_are_gone_or_were_added_has_a_line(
    yours: bytes, new: bytes, line: int
):
    assert merged(BASE, yours, new).lines == (line,)


def test_a_style_of_markers_that_the_user_prefers_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = tmp_path / "settings"
    settings.write_text("[merge]\n    conflictStyle = diff3\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    merge = merged(BASE, changed(_3="mine\n"), changed(_3="new\n"))
    assert b"|||||||" not in merge.content
    assert merge.lines == (3,)


def test_text_in_any_encoding_is_merged():
    merge = merged(BASE, changed(_3="é\n"), changed(_12="new\n"))
    assert merge.content == changed(_3="é\n", _12="new\n")
    latin = BASE.replace(b"line 3", b"\xe9")
    assert b"\xe9\n" in merged(BASE, latin, changed(_12="new\n")).content


def test_what_is_no_text_cannot_be_merged():
    with pytest.raises(MergeError, match="binary"):
        merged(BASE, BASE + b"\0", changed(_3="new\n"))


def test_without_git_the_reason_is_told(monkeypatch: pytest.MonkeyPatch):
    def missing(*args: object, **kwargs: object) -> None:
        raise FileNotFoundError(2, "No such file", "git")

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(MergeError, match="git is not installed"):
        merged(BASE, BASE + b"x", BASE)


def test_markers_that_were_left_are_found():
    assert first_marker(BASE) is None
    assert first_marker(b"a\n<<<<<<< HEAD\nb\n") == 2
    assert first_marker(b"a <<<<<<< HEAD\n") is None
