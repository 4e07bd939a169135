"""Finds the lines of a docstring that are about one argument."""

import re


def section_of(docstring: str, argument: str) -> str:
    """Returns the lines of a docstring that describe an argument."""
    lines = docstring.splitlines()
    for number, line in enumerate(lines):
        if re.match(rf"\s*{argument}\b.*:", line):
            indent = len(line) - len(line.lstrip())
            end = number + 1
            while (
                end < len(lines) and len(lines[end]) - len(lines[end].lstrip()) > indent
            ):
                end += 1
            return "\n".join(lines[number:end])
    return ""
