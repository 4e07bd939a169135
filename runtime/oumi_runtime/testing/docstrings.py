"""Parses docstrings for shapes of inputs and outputs, ranges of ids, and so on."""

import ast
import inspect
import re
from dataclasses import dataclass
from typing import Any

import torch

from oumi_runtime.testing.case import ModelCase

_ENTRY = re.compile(r"^`?(?P<name>\w+)`?(?:\s*\(.*?\))?:\s*(?P<text>.*)$", re.DOTALL)
_SHAPE = re.compile(r"\((?P<inner>[^()]*?,[^()]*?)\)")
_RETURNED = re.compile(r"`(?P<name>\w+)`,?\s*\((?P<inner>[^()]*?,[^()]*?)\)")
_RANGE = re.compile(r"\[\s*0\s*,\s*(?P<end>\w+)\s*\)")
_DTYPE = re.compile(r"\)\s*(?P<dtype>int64|int32|int8|bool|float64|float32|float)\b")
_TIED = (
    r"\b(tied|ties|(shared?|shares|sharing) (its |the |their )?(weights?|layers?))\b"
)
_START = re.compile(r"\b(?:begun|begins|starts?) with (?P<token>\d+)")
_ADDED = re.compile(
    r"\badded to (its|the|their) inputs?\b|(?<!without )\bresidual connections?\b"
)
_REACH = re.compile(r"\bsees? (?P<formula>[\dn\s*+()-]*[\dn)]) tokens\b(?! further)")
_SIZE = re.compile(r"^[A-Za-z_]\w*$|^\d+$")


@dataclass(frozen=True)
class Documented:
    """A column whose shape the docstring states."""

    name: str
    sizes: tuple[str, ...]
    dtype: str | None


def documented_inputs(case: ModelCase) -> list[Documented]:
    """Returns the shapes of forward's arguments according to its docstring."""
    found: list[Documented] = []
    for name, text in _entries(_part(_docstring(case), "Args")):
        sizes = _sizes(_SHAPE.search(text))
        if sizes:
            dtype = _DTYPE.search(text)
            found.append(Documented(name, sizes, dtype["dtype"] if dtype else None))
    return found


def documented_outputs(case: ModelCase) -> list[Documented]:
    """Returns the shapes of forward's results according to its docstring."""
    text = " ".join(_part(_docstring(case), "Returns").split())
    return [
        Documented(match["name"], sizes, None)
        for match in _RETURNED.finditer(text)
        if (sizes := _sizes(match))
    ]


def upper_bound(case: ModelCase, argument: str) -> int | None:
    """Returns the number N of an argument's documented range [0, N)."""
    for name, text in _entries(_part(_docstring(case), "Args")):
        if name == argument and (found := _RANGE.search(text)):
            return _value(found["end"], case)
    return None


def known_sizes(case: ModelCase) -> dict[str, int]:
    """Returns the constructor's integer arguments by name."""
    arguments: dict[str, Any] = getattr(case.model(), "init_kwargs", {})
    return {k: v for k, v in arguments.items() if type(v) is int}


def mismatch(
    documented: Documented, column: torch.Tensor, sizes: dict[str, int]
) -> str:
    """Describes how a tensor's shape differs from the documented one, or "".

    A name that is not a known size is bound to the first size it is matched with.
    """
    wanted = ", ".join(documented.sizes)
    of_image = {"height", "width"}
    if of_image <= set(documented.sizes) and not of_image <= sizes.keys():
        # An argument `width` is that of the layers then.
        sizes = {k: v for k, v in sizes.items() if k not in of_image}
    trailing = documented.sizes[:-1] if documented.sizes[-1] == "" else documented.sizes
    if column.ndim != len(trailing):
        return f"({wanted}) in the docstring, but of shape {tuple(column.shape)}"
    for size, actual in zip(trailing, column.shape, strict=True):
        expected = int(size) if size.isdigit() else sizes.setdefault(size, actual)
        if expected != actual:
            return (
                f"({wanted}) in the docstring, but of shape {tuple(column.shape)}: "
                f"{size} is {expected}"
            )
    return ""


def documented_start(case: ModelCase) -> list[int]:
    """Returns the documented start token of a decoder's input, if any."""
    said = " ".join(_docstring(case).split())
    return [
        int(m[1]) for m in re.finditer(r"\b(?:begun|begins|starts?) with (\d+)", said)
    ]


def documented_reach(case: ModelCase) -> tuple[str, int] | None:
    """Returns the documented number of tokens that an output depends on.

    Returns:
        The sentence in the constructor's docstring, and the number. In `see 2 * n + 1
        tokens`, `n` is the value of the argument that the sentence is about.
    """
    docstring = case.make_model_class.__init__.__doc__ or ""
    for name, text in _entries(_part(docstring, "Args")):
        match, size = _REACH.search(text), known_sizes(case).get(name)
        if match is not None and size is not None:
            return match[0], _evaluated(ast.parse(match["formula"], mode="eval"), size)
    return None


def _evaluated(formula: ast.Expression, n: int) -> int:
    """Evaluates sums, products and powers of n and numbers."""
    return int(
        eval(compile(formula, "formula", "eval"), {"__builtins__": {}}, {"n": n})
    )


def says_input_is_added(layer: type) -> bool:
    """Whether a docstring says that layers are added to their inputs."""
    own = " ".join((vars(layer).get("__doc__") or "").split())
    return _ADDED.search(own) is not None


def says_length_is_one(case: ModelCase, name: str) -> bool:
    """Whether forward's docstring says that an output is of length 1."""
    said = " ".join(_part(_docstring(case), "Returns").split())
    return re.search(rf"`{name}`[^`]*of (unit length|length 1)\b", said) is not None


def says_weights_are_tied(case: ModelCase) -> bool:
    """Whether a docstring says that weights are tied, or that layers share theirs."""
    own = case.make_model_class
    texts = (own.__doc__, own.__init__.__doc__, own.forward.__doc__)
    said = " ".join(inspect.cleandoc(text) for text in texts if text)
    return re.search(_TIED, said) is not None


def _value(text: str, case: ModelCase) -> int | None:
    return int(text) if text.isdigit() else known_sizes(case).get(text)


def _sizes(match: re.Match[str] | None) -> tuple[str, ...] | None:
    if match is None:
        return None
    sizes = tuple(part.strip() for part in match["inner"].split(","))
    named = sizes[:-1] if sizes[-1] == "" else sizes
    # Sizes such as "H/2" are for people.
    return sizes if all(_SIZE.match(size) for size in named) else None


def _docstring(case: ModelCase) -> str:
    return case.make_model_class.forward.__doc__ or ""


def _part(docstring: str, heading: str) -> str:
    """Returns the lines under a heading of a Google-style docstring."""
    lines, found = docstring.splitlines(), list[str]()
    inside = False
    for line in lines:
        if inside and line.strip() and re.match(r"\s*[A-Z]\w*:$", line):
            break
        if inside:
            found.append(line)
        inside = inside or line.strip() == f"{heading}:"
    return "\n".join(found)


def _entries(part: str) -> list[tuple[str, str]]:
    """Returns the arguments of a part, each with its text."""
    lines = [line for line in part.splitlines() if line.strip()]
    if not lines:
        return []
    indent = len(lines[0]) - len(lines[0].lstrip())
    texts: list[str] = []
    for line in lines:
        if len(line) - len(line.lstrip()) == indent:
            texts.append(line.strip())
        elif texts:
            texts[-1] += f" {line.strip()}"
    matches = (_ENTRY.match(text) for text in texts)
    return [(m["name"], m["text"]) for m in matches if m]
