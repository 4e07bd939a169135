"""Values of template variables, parsed from the command line."""

import pytest

from oumi_scaffold.exceptions import InvalidValueError
from oumi_scaffold.request.values import parsed


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (128, "256", 256),
        (0, "0", 0),
        (-100, "-1", -1),
        (0.1, "0", 0.0),
        (0.1, "1e-2", 0.01),
        (False, "true", True),
        ("mean", "max", "max"),
        ("mean", "{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("128", "256", 256),  # a default that an expression made
        ("0.5", "1", 1.0),
    ],
)
def test_a_text_becomes_a_value_of_the_defaults_type(
    default: object, text: str, value: object
):
    made = parsed("width", text, default)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("name", "default", "text", "wanted"),
    [
        ("hidden_dim", 128, "1.5", "a whole number from 1 to 10,000,000"),
        ("hidden_dim", 128, "True", "a whole number"),
        ("hidden_dim", 128, "", "a whole number"),
        ("hidden_dim", 128, "0", "from 1"),
        ("hidden_dim", 128, "-1", "from 1"),
        ("hidden_dim", 128, "10000001", "to 10,000,000"),
        ("hidden_dim", 128, "9" * 5000, "a whole number"),
        ("padding", 0, "-1", "from 0"),
        ("scale", 0.1, "nan", "a number"),
        ("scale", 0.1, "inf", "a number"),
        ("scale", 0.1, "1e300", "a number"),
        ("scale", 0.1, "-0.1", "from 0"),
        ("scale", 0.1, "true", "a number"),
        ("dropout", 0.1, "1", "from 0 to less than 1"),
        ("bias", True, "1", "true or false"),
        ("bias", True, "yes", "true or false"),
        ("pooling", "mean", "a" * 201, "at most 200 printable"),
        ("pooling", "mean", "a\x1b[31m", "printable"),
        ("pooling", "mean", "a\nb", "printable"),
    ],
)
def test_a_text_that_is_no_such_value_is_one_line(
    name: str, default: object, text: str, wanted: str
):
    with pytest.raises(InvalidValueError, match=wanted) as caught:
        parsed(name, text, default)
    assert caught.value.exit_code == 2
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
