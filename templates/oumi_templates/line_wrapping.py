"""Wraps the lines that a long name makes too long, as `ruff format` would.

So a template is written as its text looks for a short name. Only what templates hold is
known here: imports, and calls and signatures in brackets; every other line is kept, and
so are docstrings.
"""

import re

_WIDTH = 88
_INDENT = "    "
_TOO_WIDE = re.compile(f".{{{_WIDTH + 1}}}")
_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "\"'"
_DOCSTRING = '"""'
_IMPORT = re.compile(r"(from [\w.]+ import )([\w, ]+)", re.ASCII)
_TOO_LONG = "  # noqa: E501"  # one name that is longer than what is left of a line


def wrapped(source: str) -> str:
    """Returns Python source with the lines over 88 characters wrapped.

    Args:
        source: The text, formatted but for the length of its lines.
    """
    if _TOO_WIDE.search(source) is None:
        return source
    parts: list[str] = []
    in_docstring = False
    for line in source.split("\n"):
        parts += [line] if in_docstring else _wrapped_line(line)
        in_docstring ^= line.count(_DOCSTRING) % 2 == 1
    return "\n".join(parts)


def _wrapped_line(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line]
    if found := _IMPORT.fullmatch(line):
        opening = f"{found[1]}("
        mark = _TOO_LONG if len(opening) > _WIDTH else ""
        return [opening + mark, *_one_a_line(found[2], _INDENT), ")"]
    brackets = _last_brackets(line)
    if brackets is None:
        return [line]
    start, end = brackets
    indent = line[: len(line) - len(line.lstrip())]
    content = line[start + 1 : end]
    inner = [f"{indent}{_INDENT}{content}"]
    lines = _one_a_line(content, indent + _INDENT)
    is_lone_parameter = line.lstrip().startswith("def ") and len(lines) == 1
    if len(inner[0]) > _WIDTH or is_lone_parameter:
        inner = lines
    return [line[: start + 1], *inner, indent + line[end:]]


def _one_a_line(items: str, indent: str) -> list[str]:
    """Returns a line for each item; commas in brackets or strings part none."""
    cuts = [i for i, depth in _outside_strings(items) if items[i] == "," and depth == 0]
    starts = [0, *(cut + 1 for cut in cuts)]
    ends = [*cuts, len(items)]
    return [
        f"{indent}{items[start:end].strip()},"
        for start, end in zip(starts, ends, strict=True)
    ]


def _last_brackets(line: str) -> tuple[int, int] | None:
    """Returns where the last brackets that stand in no others open and close."""
    found: tuple[int, int] | None = None
    start = 0
    for i, depth in _outside_strings(line):
        if line[i] in _OPENING and depth == 1:
            start = i
        elif line[i] in _CLOSING and depth == 0 and i > start + 1:
            found = start, i
    return found


def _outside_strings(text: str) -> list[tuple[int, int]]:
    """Returns the places outside of strings, each with the depth after it."""
    places: list[tuple[int, int]] = []
    depth, quote, escaped = 0, "", False
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
            continue
        if char == "#":
            break
        quote = char if char in _QUOTES else ""
        depth += (char in _OPENING) - (char in _CLOSING)
        if not quote:
            places.append((i, depth))
    return places
