"""Plants faults into the source of a generated model, through its syntax tree.

A plant is a function from a module to the modules with one fault each: one for every
place where it fits.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import libcst as cst

Plant = Callable[[cst.Module], Iterator[cst.Module]]
_BLANK = cst.Module([])
_KINDS = (cst.BaseExpression, cst.SimpleStatementLine)


@dataclass(frozen=True)
class Fault:
    """A mistake that somebody could make."""

    name: str
    kind: str
    plant: Plant


def faults(kind: str, **plants: Plant) -> list[Fault]:
    """Faults of one kind, by name."""
    return [Fault(name, kind, plant) for name, plant in plants.items()]


def expression(pattern: str, replacement: str) -> Plant:
    """Replaces an expression whose whole text fits; groups can be referred to."""
    return _replacing(cst.BaseExpression, pattern, replacement, cst.parse_expression)


def statement(pattern: str, replacement: str) -> Plant:
    """Replaces a line whose whole text fits; nothing, as a `pass`, takes its place."""
    return _replacing(
        cst.SimpleStatementLine, pattern, replacement or "pass", cst.parse_statement
    )


def in_constructor(lines: str, *, needs: str = "") -> Plant:
    """Adds lines to the end of the model's constructor.

    Args:
        lines: What is added.
        needs: What the source must have besides, a pattern.
    """

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        if re.search(needs, module.code, re.DOTALL):
            adding = _in_function("__init__", lambda body: [*body, *_parsed(lines)])
            yield from adding(module)

    return plant


def before_forward(lines: str, *, needs: str = "") -> Plant:
    """Adds lines to the beginning of forward; IN is the first input.

    Args:
        lines: What is added.
        needs: What the source must have besides, a pattern.
    """

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        if not re.search(needs, module.code, re.DOTALL):
            return
        text = lines.replace("IN", _first_input(module))
        yield from _in_function(
            "forward", lambda body: [body[0], *_parsed(text), *body[1:]]
        )(module)

    return plant


def before_return(lines: str, *, needs: str = "") -> Plant:
    """Adds lines before forward returns without labels; OUT is its output.

    Args:
        lines: What is added.
        needs: What the source must have besides, a pattern.
    """

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        if not re.search(needs, module.code, re.DOTALL):
            return
        output = "logits" if "logits" in module.code else "embeddings"
        text = lines.replace("OUT", output).replace("IN", _first_input(module))

        def insert(body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
            for number, each in enumerate(body):
                if _BLANK.code_for_node(each).strip().startswith("if labels is None"):
                    return [*body[:number], *_parsed(text), *body[number:]]
            return body

        yield from _in_function("forward", insert)(module)

    return plant


def constructor_argument(name: str) -> Plant:
    """Writes the default of a constructor argument where the argument was meant."""

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        found = re.search(rf"^        {name}: \w+ = ([\d.e-]+),", module.code, re.M)
        if not found:
            return
        constructor = _function(_model_class(module), "__init__")
        if constructor is None:
            return
        lines = _find(constructor.body, cst.SimpleStatementLine, r"self\..*")
        for line in lines:
            for use in _find(line, cst.Name, rf"^{name}$"):
                value = cst.parse_expression(found[1])
                yield module.deep_replace(use, value)  # type: ignore[arg-type]

    return plant


def scaled_by(line: str) -> Plant:
    """Makes `self.scale` in the constructor, and multiplies the output by it."""

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        for made in in_constructor(line)(module):
            yield from before_return("OUT = OUT * self.scale")(made)

    return plant


def criterion_by_name() -> Plant:
    """Calls the function that the criterion is, without the criterion."""

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        named = re.search(r"def criterion.*?return ([\w.]+)$", module.code, re.M | re.S)
        if named:
            yield from expression(r"self\.criterion", named[1])(module)

    return plant


def without_keywords() -> Plant:
    """Takes `**kwargs` from forward."""

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        function = _function(_model_class(module), "forward")
        if function is not None and function.params.star_kwarg is not None:
            params = function.params.with_changes(star_kwarg=None)
            yield module.deep_replace(function.params, params)  # type: ignore[arg-type]

    return plant


def _replacing(
    kind: type[cst.CSTNode],
    pattern: str,
    replacement: str,
    parse: Callable[[str], cst.CSTNode],
) -> Plant:
    def plant(module: cst.Module) -> Iterator[cst.Module]:
        for found in _find(module, kind, pattern):
            text = _BLANK.code_for_node(found).strip()
            changed = re.sub(pattern, replacement, text, flags=re.DOTALL)
            if changed == text:
                continue
            try:
                replaced = parse(changed)
            except cst.ParserSyntaxError:
                continue  # A group ended within a pair of brackets.
            yield module.deep_replace(found, replaced)  # type: ignore[arg-type]

    return plant


def _find(
    inside: cst.CSTNode, kind: type[cst.CSTNode], pattern: str
) -> list[cst.CSTNode]:
    """The nodes of a kind whose text fits, outside of docstrings and annotations."""
    fits = re.compile(pattern, re.DOTALL).fullmatch
    return [n for n, text in _texts(inside) if isinstance(n, kind) and fits(text)]


@lru_cache(maxsize=8)  # every fault looks at the same module
def _texts(inside: cst.CSTNode) -> list[tuple[cst.CSTNode, str]]:
    found: list[tuple[cst.CSTNode, str]] = []

    class Visitor(cst.CSTVisitor):
        def visit_Annotation(self, node: cst.Annotation) -> bool:  # noqa: N802
            return False

        def visit_Decorator(self, node: cst.Decorator) -> bool:  # noqa: N802
            return False

        def on_visit(self, node: cst.CSTNode) -> bool:
            if isinstance(node, _KINDS) and not isinstance(node, cst.SimpleString):
                found.append((node, _BLANK.code_for_node(node).strip()))
            return super().on_visit(node)

    inside.visit(Visitor())
    return found


def _in_function(
    name: str, change: Callable[[list[cst.BaseStatement]], list[cst.BaseStatement]]
) -> Plant:
    def plant(module: cst.Module) -> Iterator[cst.Module]:
        function = _function(_model_class(module), name)
        if function is None or not isinstance(function.body, cst.IndentedBlock):
            return
        before = list(function.body.body)
        after = change(before)  # type: ignore[arg-type]
        if after != before:
            body = function.body.with_changes(body=after)
            yield module.deep_replace(function.body, body)  # type: ignore[arg-type]

    return plant


def _model_class(module: cst.Module) -> cst.ClassDef:
    return next(
        each
        for each in module.body
        if isinstance(each, cst.ClassDef) and each.decorators
    )


def _function(inside: cst.ClassDef, name: str) -> cst.FunctionDef | None:
    functions = (f for f in inside.body.body if isinstance(f, cst.FunctionDef))
    return next((f for f in functions if f.name.value == name), None)


def _first_input(module: cst.Module) -> str:
    function = _function(_model_class(module), "forward")
    assert function is not None
    return function.params.params[1].name.value


def _parsed(lines: str) -> list[cst.BaseStatement]:
    return list(cst.parse_module(lines).body)  # type: ignore[arg-type]
