"""The values of template variables, and parsing them from strings.

The default of a variable determines its type: a whole number if the default is one, and
so on. A bool is not a number.
"""

from collections.abc import Callable
from typing import TypeVar

from oumi_scaffold.exceptions import InvalidValueError
from oumi_templates.python_filters import FilterError, boolean, integer, number

Scalar = str | int | float | bool
Value = Scalar | list[str] | dict[str, Scalar | list[str]]

_T = TypeVar("_T")

MAX_SIZE = 10_000_000
MAX_TEXT = 200


def parsed(name: str, text: str, default: object) -> Scalar:
    """Parses the value of a variable.

    Args:
        name: The name of the variable.
        text: The value as a string.
        default: Its default, which determines the type, and the sign of a number.

    Raises:
        InvalidValueError: The string is not of that type, or is out of range.
    """
    match _in_its_type(default):
        case bool():
            return _read(boolean, name, text, "true or false")
        case int() as least:
            return _whole_number(name, text, least)
        case float() as least:
            return _number(name, text, least)
        case _:
            return _text(name, text)


def _in_its_type(default: object) -> object:
    """Returns a default as a number or bool if it is the text of one.

    The defaults that are expressions have been rendered to texts.
    """
    if isinstance(default, str):
        for read in (integer, number, boolean):
            try:
                return read(default)
            except FilterError:
                continue
    return default


def _whole_number(name: str, text: str, default: int) -> int:
    least = min(default, 1) if default >= 0 else -MAX_SIZE
    wanted = f"a whole number from {least:,} to {MAX_SIZE:,}"
    value = _read(integer, name, text, wanted)
    if not least <= value <= MAX_SIZE:
        raise InvalidValueError(name, text, wanted)
    return value


def _number(name: str, text: str, default: float) -> float:
    if "dropout" in name:
        wanted, least, end = "a number from 0 to less than 1", 0.0, 1.0
    else:
        least = 0.0 if default >= 0 else -float(MAX_SIZE)
        wanted, end = f"a number from {least:,g} to {MAX_SIZE:,}", MAX_SIZE + 1.0
    value = _read(number, name, text, wanted)
    if not least <= value < end:
        raise InvalidValueError(name, text, wanted)
    return value


def _text(name: str, text: str) -> str:
    if len(text) > MAX_TEXT or not text.isprintable():
        wanted = f"at most {MAX_TEXT} printable characters"
        raise InvalidValueError(name, text, wanted)
    return text


def _read(read: Callable[[object], _T], name: str, text: str, wanted: str) -> _T:
    try:
        return read(text)
    except FilterError:
        raise InvalidValueError(name, text, wanted) from None
