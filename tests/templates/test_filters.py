"""The filters by which values are inserted into generated text."""

import ast
import enum
import math

import pytest
import yaml as pyyaml
from jinja2 import StrictUndefined, UndefinedError

from oumi_templates.filters import snake_case, yaml
from oumi_templates.python_filters import (
    FilterError,
    boolean,
    identifier,
    integer,
    literal,
    number,
    patch_side,
)

TEXTS = [
    "",
    "plain",
    "two words",
    'a "double" quote',
    "a 'single' quote",
    "both ' and \"",
    "'\"\"\"'''",
    "back\\slash\\",
    "tab\tnewline\nreturn\r",
    "\0\x1b[31m\x7f",
    "é 漢 😀",
    "\u2028\u202e\ufeff",
    "{{ 7 * 7 }}{% raw %}",
    "#no comment",
    "key: value",
    "- item",
    "&anchor *alias !tag %directive @at `tick`",
    "trailing ",
    " leading",
    "a" * 300 + " " + "b" * 300,
]
YAML_TRAPS = [
    "yes", "No", "ON", "off", "true", "NULL", "null", "~", "y", "N", "1", "1.5", "1e5",
    "1e-4", "0x1f", "0o17", "017", "1_000", ".inf", "-.INF", ".nan", "1:30", "=", "<<",
    "2024-01-01", "---", "...", "?", "-", ":", "[]", "{}", "|", ">", "e5", "_1", "+",
]  # fmt: skip


@pytest.mark.parametrize("value", [*TEXTS, *YAML_TRAPS])
def test_a_string_survives_both_languages(value: str):
    assert ast.literal_eval(literal(value)) == value
    assert pyyaml.safe_load(f"key: {yaml(value)}\nnext: 1\n") == {
        "key": value,
        "next": 1,
    }


@pytest.mark.parametrize("value", [*TEXTS, *YAML_TRAPS])
def test_a_string_is_one_line(value: str):
    assert len(literal(value).splitlines()) == 1
    assert len(yaml(value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ('a"', "'a\"'"),
        ("a'", '"a\'"'),
        ("'\"", '"\'\\""'),
        ("\n", '"\\n"'),
        ("é", '"é"'),
        (True, "True"),
        (None, "None"),
        (1_000, "1000"),
        (-0.5, "-0.5"),
        (1e-5, "1e-05"),
        ([], "[]"),
        ([1, "a"], '[1, "a"]'),
        ((1,), "(1,)"),
        ((1, 2), "(1, 2)"),
        ((), "()"),
        ({"a": [None]}, '{"a": [None]}'),
    ],
)
def test_a_literal_is_spelt_as_ruff_formats_it(value: object, text: str):
    assert literal(value) == text
    assert ast.literal_eval(text) == value


def test_a_subclass_cannot_write_itself_into_the_code():
    class Evil(int):
        def __repr__(self) -> str:
            return "__import__('os')"

    class Kind(enum.StrEnum):
        A = "a"

    assert literal(Evil(7)) == yaml(Evil(7)) == "7"
    assert literal(Kind.A) == '"a"'


@pytest.mark.parametrize("value", [math.nan, math.inf, b"", {1}, object(), [object()]])
def test_a_value_without_a_literal_is_refused(value: object):
    with pytest.raises(FilterError, match="cannot be written as a Python literal"):
        literal(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("my_net", "my_net"),
        ("models/my-net.py", "models/my-net.py"),
        ("null", '"null"'),
        ("1", '"1"'),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (0.5, "0.5"),
        (1e-5, "1.0e-05"),
        (1e30, "1.0e+30"),
    ],
)
def test_a_yaml_scalar_is_plain_where_that_is_safe(value: object, text: str):
    assert yaml(value) == text
    assert pyyaml.safe_load(text) == value


@pytest.mark.parametrize("value", [[], ["a, b", "]", "no"], [1, [0.5, None]]])
def test_a_list_survives_in_yaml(value: object):
    assert pyyaml.safe_load(f"key: {yaml(value)} # a comment\n") == {"key": value}


@pytest.mark.parametrize("value", [math.nan, -math.inf, {}, b"", object(), [{}]])
def test_a_value_that_has_no_yaml_is_refused(value: object):
    with pytest.raises(FilterError, match="cannot be written as a YAML value"):
        yaml(value)


@pytest.mark.parametrize(
    ("image_size", "side"),
    [
        (1, 1),
        (2, 1),
        (7, 1),
        (8, 2),
        ("28", 4),
        (30, 3),
        (31, 1),
        (32, 4),
        (8**15, 8**14),
    ],
)
def test_patches_divide_an_image_into_about_eight_by_eight(
    image_size: object, side: int
):
    assert patch_side(image_size) == side


def test_an_identifier_is_itself():
    assert identifier("MyNet_2") == "MyNet_2"


@pytest.mark.parametrize(
    "value",
    ["", "a b", "a-b", "2a", "class", "None", "é", "a\n", "a;b", 7, None, ["a"]],
)
def test_what_is_no_identifier_is_refused(value: object):
    with pytest.raises(FilterError, match="cannot be written as an identifier"):
        identifier(value)


@pytest.mark.parametrize(
    ("filter_", "value", "made"),
    [
        (integer, 7, 7),
        (integer, "-7", -7),
        (integer, "007", 7),
        (number, 7, 7.0),
        (number, "7", 7.0),
        (number, "1e-4", 0.0001),
        (number, ".5", 0.5),
        (boolean, True, True),
        (boolean, "False", False),
    ],
)
def test_a_value_is_made_of_its_text(filter_, value: object, made: object):
    assert filter_(value) == made
    assert type(filter_(value)) is type(made)


@pytest.mark.parametrize(
    ("filter_", "value"),
    [
        *((integer, value) for value in ["", "1.0", "1_0", " 1", "\u0661", "9" * 41]),
        *((integer, value) for value in [True, 1.0, None, [1], "True", "0x1f"]),
        *(
            (number, value)
            for value in ["", "nan", "inf", "1e999", "1_0", "e5", "\u0661"]
        ),
        *((number, value) for value in [False, math.nan, None, [1.0], "1 "]),
        *((boolean, value) for value in ["", "yes", "1", 1, 0, None, [True]]),
    ],
)
def test_what_is_no_such_value_is_refused(filter_, value: object):
    with pytest.raises(FilterError):
        filter_(value)


@pytest.mark.parametrize(
    "filter_", [boolean, identifier, integer, literal, number, yaml]
)
def test_an_undefined_variable_is_named(filter_):
    with pytest.raises(UndefinedError, match="'hidden_dim' is undefined"):
        filter_(StrictUndefined(name="hidden_dim"))


def test_snake_case_splits_words_and_keeps_abbreviations_together():
    assert snake_case("MyHTTPNet2") == "my_http_net2"
