"""Changes to a config from the command line."""

import pytest
from whole_yaml import read_yaml

from oumi_runtime.core.configs.overrides import apply_overrides
from oumi_runtime.core.configs.places import Places


def applied(text, *arguments):
    tree, places = read_yaml(text, "f") if text else ({}, Places())
    return tree, places, [str(m) for m in apply_overrides(tree, places, [*arguments])]


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        ("", ["--a.b", "1"], {"a": {"b": 1}}),
        ("", ["--a.b=1"], {"a": {"b": 1}}),
        ("", ["a.b=1"], {"a": {"b": 1}}),
        ("", ["--a.b", "-1"], {"a": {"b": -1}}),
        ("", ["--a.b=x=y"], {"a": {"b": "x=y"}}),
        ("", ["--a.b="], {"a": {"b": ""}}),
        ("", ["--a=--b"], {"a": "--b"}),
        ("a: {b: 1, c: 2}", ["--a.b", "3"], {"a": {"b": 3, "c": 2}}),
        ("a: {b: 1}", ["--a.b", "2", "--a.b", "3"], {"a": {"b": 3}}),
        ("a:", ["--a.b", "3"], {"a": {"b": 3}}),
        ("a: {b: 1}", ["--a", "{c: {d: 2}}"], {"a": {"b": 1, "c": {"d": 2}}}),
        ("a: [1, 2]", ["--a", "[3]"], {"a": [3]}),
        ("a: [{x: 1, y: 2}]", ["--a[0].x", "3"], {"a": [{"x": 3, "y": 2}]}),
        ("a: [{x: 1}]", ["--a[1].x", "3"], {"a": [{"x": 1}, {"x": 3}]}),
        ("", ["--a[0].x", "3"], {"a": [{"x": 3}]}),
        ("a: 1", [], {"a": 1}),
    ],
)
def test_arguments_are_laid_over_the_tree(text, arguments, expected):
    tree, _, mistakes = applied(text, *arguments)

    assert mistakes == []
    assert tree == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--a"], "argument --a  has no value; add one"),
        (["--a", "--b", "1"], "argument --a  has no value; add one"),
        (["a"], "argument a  is not an override; write --section.key value"),
        (["--l[2].x", "1"], "argument --l[2].x  l has 1 entries; the next one is [1]"),
        (["--s[0]", "1"], "argument --s[0]  s is not a list"),
        (["--s.x", "1"], "argument --s.x  s is not a section with keys"),
        (["--l.x", "1"], "argument --l.x  l is a list; write l[0].x for an entry"),
        (["--l.0.x", "1"], "argument --l.0.x  l is a list; write l[0] for an entry"),
        (["--l..x", "1"], "argument --l..x  is not a key; write one such as"),
        (["--l[x]", "1"], "argument --l[x]  is not a key; write one such as"),
        (["--x", "[1"], "argument --x  not valid YAML"),
    ],
)
def test_a_bad_argument_is_named(arguments, expected):
    _, _, mistakes = applied("l: [{x: 1}]\ns: text\n", *arguments)

    assert len(mistakes) == 1
    assert mistakes[0].startswith(expected)


def test_every_bad_argument_is_named_at_once_and_the_good_ones_count():
    tree, _, mistakes = applied("", "x", "--a.b", "1", "--c")

    assert len(mistakes) == 2
    assert tree == {"a": {"b": 1}}


def test_what_an_argument_replaces_stands_in_the_argument():
    _, places, _ = applied("a: {b: {c: 1}, d: 2}", "--a.b", "[1]")

    assert str(places.of_value(("a", "b", 0))) == "argument --a.b"
    assert str(places.of_value(("a", "d"))) == "f:1:19"


def test_an_entry_that_an_argument_adds_stands_in_the_argument():
    _, places, _ = applied("a: [{x: 1}]", "--a[1].x", "3")

    assert str(places.of_value(("a", 1, "y"))) == "argument --a[1].x"
    assert str(places.of_value(("a", 0, "y"))) == "f:1:5"
