"""The typed filters that return Python: each one identifier or literal, or an error.

`integer`, `number` and `boolean` make the value first where it is text: plain
cookiecutter knows only texts.
"""

import keyword
import math
import re
from typing import cast

from jinja2 import Undefined

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.ASCII | re.I)
_MAX_DIGITS = 40
_MOST_PATCHES = 100  # on a side


class FilterError(ValueError):
    """A value cannot be written as what its filter promises."""

    def __init__(self, value: object, promised: str) -> None:
        super().__init__(f"{ascii(value)[:80]} cannot be written as {promised}")


class SizeError(ValueError):
    """A whole number is not one that the code needs, such as a multiple of another."""

    def __init__(self, name: str, value: int, wanted: str) -> None:
        super().__init__(f"{name} cannot be {value}: give {wanted}")
        self.name, self.value, self.wanted = name, value, wanted


def multiple_of(value: object, divisor: object, name: str, other: str = "") -> int:
    """Returns a whole number that is a multiple of another.

    Args:
        value: The number, or its decimal digits.
        divisor: The other, likewise.
        name: The name of the value, for the error.
        other: What the other is, likewise.

    Raises:
        FilterError: One of them is something else.
        SizeError: It is no multiple.
    """
    number, part = integer(value), integer(divisor)
    if part < 1 or number % part:
        what = f", which is {other}" if other else ""
        raise SizeError(name, number, f"a multiple of {part}{what}")
    return number


def next_multiple(value: int, divisor: int) -> int:
    """Returns the smallest multiple of a number that is no smaller than another."""
    return -(-value // divisor) * divisor


def patch_side(image_size: object) -> int:
    """Returns the side of patches that divide an image into about 8 x 8, in pixels.

    Attention takes time in the square of their number, and learns worse from patches of
    few pixels.

    Args:
        image_size: The image's height and width, or its decimal digits.

    Raises:
        FilterError: It is something else.
    """
    size = integer(image_size)
    counts = [n for n in range(2, min(size // 2, _MOST_PATCHES) + 1) if size % n == 0]
    count = min(counts, key=lambda count: abs(math.log(count / 8)), default=size)
    return size // max(count, 1)


def at_least(value: object, least: int, name: str, why: str) -> int:
    """Returns a whole number that is not too small.

    Args:
        value: The number, or its decimal digits.
        least: The smallest that will do.
        name: The name of the value, for the error.
        why: What smaller ones would lack, likewise.

    Raises:
        FilterError: It is something else.
        SizeError: It is smaller.
    """
    number = integer(value)
    if number < least:
        raise SizeError(name, number, f"{least:,} or more, {why}")
    return number


def odd(value: object, name: str) -> int:
    """Returns an odd whole number.

    Args:
        value: The number, or its decimal digits.
        name: The name of the value, for the error.

    Raises:
        FilterError: It is something else.
        SizeError: It is even.
    """
    number = integer(value)
    if number % 2 == 0:
        raise SizeError(name, number, "an odd number")
    return number


def at_most(value: object, most: int | None, name: str, why: str) -> int:
    """Returns a whole number that is not too large; see `at_least`.

    Args:
        value: The number, or its decimal digits.
        most: The largest that will do; None if any will.
        name: The name of the value, for the error.
        why: What sets the limit, likewise.
    """
    number = integer(value)
    if most is not None and number > most:
        raise SizeError(name, number, f"{most:,} or less, {why}")
    return number


def identifier(value: object) -> str:
    """Returns the value if it is a plain ASCII Python identifier.

    Raises:
        FilterError: It is not a string, not an identifier, or a keyword.
    """
    raise_if_undefined(value)
    if not isinstance(value, str) or not value.isascii() or not value.isidentifier():
        raise FilterError(value, "an identifier")
    if keyword.iskeyword(value):
        raise FilterError(value, "an identifier: it is a keyword")
    return value


def integer(value: object) -> int:
    """Returns a whole number, from itself or from its decimal digits.

    Raises:
        FilterError: It is something else; a bool is no number.
    """
    raise_if_undefined(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _is_written_as(_INTEGER, value):
        return int(value)
    raise FilterError(value, "a whole number")


def number(value: object) -> float:
    """Returns a finite float, from a number or from its decimal digits.

    Raises:
        FilterError: It is something else; a bool is no number.
    """
    raise_if_undefined(value)
    if isinstance(value, str) and _is_written_as(_NUMBER, value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
        if math.isfinite(found):
            return found
    raise FilterError(value, "a number")


def boolean(value: object) -> bool:
    """Returns true or false, from itself or from either word in any case.

    Raises:
        FilterError: It is something else.
    """
    raise_if_undefined(value)
    known = {"true": True, "false": False}
    found = known.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise FilterError(value, "true or false")
    return found


def literal(value: object) -> str:
    """Returns the Python literal of a plain value, on one line, quoted as ruff does.

    Args:
        value: None, a bool, int, finite float or string, or a list, tuple or dict of
            those; an empty one is `[]`, `()` or `{}`.

    Raises:
        FilterError: The value, or one inside it, is something else.
    """
    raise_if_undefined(value)
    match value:
        case str():
            return _quoted(value)
        case None | bool():
            return repr(value)
        case int():
            return int.__repr__(value)
        case float() if math.isfinite(value):
            return float.__repr__(value)
        case list():
            return f"[{', '.join(map(literal, cast('list[object]', value)))}]"
        case tuple():
            items = [literal(item) for item in cast("tuple[object, ...]", value)]
            return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
        case dict():
            pairs = cast("dict[object, object]", value).items()
            items = [f"{literal(key)}: {literal(item)}" for key, item in pairs]
            return f"{{{', '.join(items)}}}"
        case _:
            raise FilterError(value, "a Python literal")


def raise_if_undefined(value: object) -> None:
    """Raises jinja2's error if a variable is missing."""
    if isinstance(value, Undefined):
        str(value)  # a strict one raises here, and names the missing variable


def _is_written_as(form: re.Pattern[str], text: str) -> bool:
    return len(text) <= _MAX_DIGITS and form.fullmatch(text) is not None


def _quoted(value: str) -> str:
    # ruff prefers double quotes, unless single ones need fewer escapes.
    quote = "'" if value.count('"') > value.count("'") else '"'
    escapes = {"'": "'", '"': '"'} | {quote: f"\\{quote}"}
    body = "".join(escapes.get(char) or repr(char)[1:-1] for char in value)
    return f"{quote}{body}{quote}"
