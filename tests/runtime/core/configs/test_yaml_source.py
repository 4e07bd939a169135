"""YAML is read with the place of every value."""

import math
import time
from pathlib import Path

import pytest
import yaml
from whole_yaml import read_yaml

from oumi_runtime.core.configs import TrainingConfig, yaml_source
from oumi_runtime.core.configs.yaml_source import read_text, read_value
from oumi_runtime.exceptions import ConfigError, ConfigFileError


@pytest.fixture(autouse=True, params=["libyaml", "pure python"])
def _both_parsers(request, monkeypatch):
    if request.param == "pure python":
        monkeypatch.setattr(yaml_source, "_LOADER", yaml.SafeLoader)


def value(text):
    return read_yaml(f"a: {text}", "f")[0]["a"]


def mistakes(text):
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "f.yaml")
    return [str(m) for m in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4", 1e-4),
        ("1E+3", 1000.0),
        ("1.5", 1.5),
        ("5.", 5.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        (".INF", math.inf),
        ("12", 12),
        ("-1", -1),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("no", "no"),
        ("Yes", "Yes"),
        ("off", "off"),
        ("tRue", "tRue"),
        ("1_000", 1000),
        ("-32_768_000", -32_768_000),
        ("2024_01", "2024_01"),
        ("0_123", "0_123"),
        ("1_000.5", "1_000.5"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("[1, {b: no}]", [1, {"b": "no"}]),
    ],
)
def test_scalars_follow_yaml_1_2(text, expected):
    found = value(text)

    assert found == expected
    assert type(found) is type(expected)


def test_nan_is_a_number():
    assert math.isnan(value(".nan"))


def test_an_integer_too_long_for_python_stays_a_text():
    assert value("9" * 5000) in ("9" * 5000, math.inf)


def test_numbers_may_be_keys():
    assert value("{0: x, 1: y}") == {0: "x", 1: "y"}


def test_places_are_lines_and_columns_from_one():
    _, places = read_yaml("a:\n  b: 1\n  c: [2, 3]\n", "f")

    assert str(places.of_key(("a", "b"))) == "f:2:3"
    assert str(places.of_value(("a", "b"))) == "f:2:6"
    assert str(places.of_value(("a", "c", 1))) == "f:3:10"


def test_a_key_that_stands_nowhere_is_blamed_on_the_section_around_it():
    _, places = read_yaml("a:\n  b: 1\n", "f")

    assert str(places.of_value(("a", "x", "y"))) == "f:1:1"
    assert str(places.of_value(("x",))) == "f:1:1"


def test_anchors_and_merges_work():
    text = (
        "base: &base {x: 1, y: 2}\na: {<<: *base, y: 3}\nb: *base\nc: {<<: [*base]}\n"
    )

    tree, places = read_yaml(text, "f")

    assert tree["a"] == {"x": 1, "y": 3}
    assert tree["b"] == tree["c"] == {"x": 1, "y": 2}
    assert str(places.of_value(("a", "x"))) == "f:2:9"


def test_a_merge_is_no_alias_of_what_it_merges():
    tree, _ = read_yaml("a: &a {x: [1]}\nb: *a\nc: {<<: *a}\n", "f")
    tree["a"]["x"].append(2)

    assert tree["b"]["x"] == tree["c"]["x"] == [1]


def test_every_duplicate_key_and_tag_is_told_at_once():
    text = "a:\n  x: 1\n  x: 2\nb: !!python/name:os.system x\nc: !own 1\na: 3\n"

    assert mistakes(text) == [
        "f.yaml:3:3  a.x: is given twice; the first is on line 2",
        "f.yaml:4:4  b: the tag !!python/name:os.system is not allowed; leave it out",
        "f.yaml:5:4  c: the tag !own is not allowed; leave it out",
        "f.yaml:6:1  a: is given twice; the first is on line 1",
    ]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("# only a comment\n", "is empty"),
        ("- 1\n", "f.yaml:1:1  this is not a mapping"),
        ("just words\n", "f.yaml:1:1  this is not a mapping"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1  a second document"),
        ("a: [1\n", "not valid YAML"),
        ("a:\n\tb: 1\n", "indent with spaces"),
        ("a: \0\n", "not valid YAML"),
        ("a: *x\n", "f.yaml:1:4"),
        ("a: &a {b: *a}\n", "f.yaml:1:11  a.b: no anchor &a is defined before"),
        ("a: {<<: 3}\n", "a.<<: only a mapping can be merged"),
        ("? [1, 2]\n: 3\n", "a key has to be a string or a number"),
        ("a: \ud800\n", "f.yaml"),
    ],
)
def test_what_is_no_config_is_one_line(text, part):
    found = mistakes(text)

    assert len(found) == 1
    assert part in found[0]
    assert "\n" not in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 5000 + "]" * 5000,
        "".join(f"{' ' * n}a:\n" for n in range(500)),
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 9)),
    ],
    ids=["flow", "blocks", "laughs"],
)
def test_what_would_cost_too_much_is_refused_soon(text):
    start = time.process_time()

    assert len(mistakes(text)) == 1
    assert time.process_time() - start < 2


def test_a_file_may_have_a_byte_order_mark_and_windows_line_ends(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa:\r\n  b: x\r\n")

    tree, places = read_yaml(read_text(path), "f")

    assert tree == {"a": {"b": "x"}}
    assert str(places.of_key(("a", "b"))) == "f:2:3"


def test_bytes_that_are_no_text_are_named_by_line(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))

    with pytest.raises(ConfigError) as caught:
        read_text(path)
    assert str(caught.value).startswith(f"{path}:2:4  the file is not UTF-8")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (yaml_source.MAX_BYTES + 1))

    with pytest.raises(ConfigError, match="too large"):
        read_text(path)


def test_a_missing_file_is_one_line_with_the_nearest_name(tmp_path: Path):
    (tmp_path / "my_net.yaml").write_text("")

    with pytest.raises(ConfigFileError) as caught:
        read_text(tmp_path / "my_nett.yaml")
    assert isinstance(caught.value, FileNotFoundError)
    assert str(caught.value) == (
        f"{tmp_path}/my_nett.yaml  the file does not exist "
        f"(did you mean '{tmp_path}/my_net.yaml'?)"
    )


def test_a_folder_is_not_a_file(tmp_path: Path):
    with pytest.raises(ConfigFileError, match="is a folder"):
        read_text(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 10),
        ("1e-4", 1e-4),
        ("no", "no"),
        ("null", None),
        ("", ""),
        ("a: b", "a: b"),
        ("try #3", "try #3"),
        ("*.bias", "*.bias"),
        ("[1, x]", [1, "x"]),
        ("{a: {b: 2}}", {"a": {"b": 2}}),
        ("'3'", "3"),
    ],
)
def test_an_argument_is_a_scalar_or_yaml_in_brackets(text, expected):
    assert read_value(text) == expected


def test_an_argument_with_an_open_bracket_is_refused():
    with pytest.raises(ValueError, match="not valid YAML"):
        read_value("[1")


@pytest.mark.parametrize("key", ['"a\\nb"', '"\\e[31m"', "k" * 900])
def test_a_strange_key_is_told_on_one_short_line(key):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(f"training:\n  {key}: 1\n")

    text = str(caught.value.mistakes[-1])
    assert text.isprintable()
    assert len(text) < 300
    assert text.startswith("<text>:2:3  training.")
