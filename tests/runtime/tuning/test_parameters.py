"""What to search is read from a line, and wrong lines are refused with a sentence."""

import re

import optuna
import pytest

from oumi_runtime.exceptions import SearchRangeError
from oumi_runtime.tuning import SearchedKey, searched_key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b=x,y", SearchedKey("a.b", ("x", "y"))),
        ("a.b = 64 , 128", SearchedKey("a.b", ("64", "128"))),
        ("a.b=1..8", SearchedKey("a.b", (), 1, 8, is_whole=True)),
        ("a.b=1..8:log", SearchedKey("a.b", (), 1, 8, is_whole=True, is_log=True)),
        ("a.b=1e-4..1e-2:log", SearchedKey("a.b", (), 1e-4, 1e-2, is_log=True)),
        ("a.b=-1..0.5", SearchedKey("a.b", (), -1, 0.5)),
    ],
)
def test_choices_and_ranges_are_read(text: str, expected: SearchedKey):
    assert searched_key(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a.b", "write SECTION.KEY=A,B,C or"),
        ("a.b=", "write SECTION.KEY=A,B,C or"),
        ("ab=1..2", "write SECTION.KEY=A,B,C or"),
        ("a.b=1", "give at least two choices"),
        ("a.b=1,1", "give at least two choices"),
        ("a.b=1,,2", "give at least two choices"),
        ("a.b=x..y", "LOW and HIGH have to be two numbers"),
        ("a.b=1..2..3", "LOW and HIGH have to be two numbers"),
        ("a.b=2..1", "LOW has to be less than HIGH"),
        ("a.b=1..1", "LOW has to be less than HIGH"),
        ("a.b=0..inf", "LOW has to be less than HIGH, and both finite"),
        ("a.b=nan..1", "LOW has to be less than HIGH, and both finite"),
        ("a.b=0..1:log", "a range with :log has to begin above 0"),
    ],
)
def test_a_wrong_line_is_refused(text: str, reason: str):
    sentence = re.escape(f"cannot search {text!r}: ") + ".*" + re.escape(reason)
    with pytest.raises(SearchRangeError, match=sentence):
        searched_key(text)


@pytest.mark.parametrize(
    ("text", "drawn", "written"),
    [
        ("a.b=x,y", "y", "y"),
        ("a.b=1..8", 3, "3"),
        ("a.b=0.5..8", 3.14159265, "3.14159"),
        ("a.b=1e-9..1e-2:log", 1.5e-8, "1.5e-08"),
    ],
)
def test_a_value_is_written_as_in_a_config(text: str, drawn, written: str):
    assert (
        searched_key(text).suggest(optuna.trial.FixedTrial({"a.b": drawn})) == written
    )


def test_the_ends_show_what_a_config_has_to_take():
    assert searched_key("a.b=x,y,z").ends == ("x", "y", "z")
    assert searched_key("a.b=16..128").ends == ("16", "128")
    assert searched_key("a.b=1e-4..0.1:log").ends == ("0.0001", "0.1")


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("a.b=1e-4..1e-2", True),
        ("a.b=1..1000", True),
        ("a.b=1e-4..1e-2:log", False),
        ("a.b=0.1..0.5", False),
        ("a.b=0..1000", False),
    ],
)
def test_an_even_range_of_several_magnitudes_is_said(text: str, is_said: bool, caplog):
    with caplog.at_level("INFO", "oumi_runtime"):
        searched_key(text)
    assert ("add :log to draw its magnitude evenly" in caplog.text) == is_said
