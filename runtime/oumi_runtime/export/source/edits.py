"""Changes the text of Python code at the places of its syntax tree.

All else in it, comments above all, stays as its author wrote it.
"""

import ast
from dataclasses import dataclass, field


@dataclass
class SourceEdits:
    """Replacements of statements and decorators in a text, made all at once."""

    text: str
    _edits: list[tuple[int, int, bytes]] = field(default_factory=list)

    def replace(self, node: ast.stmt, statements: list[str]) -> None:
        """Replaces a statement by others on lines of their own, or by nothing.

        Where it is the only one in its block, or shares its line, something is left.
        """
        start, end = self._place(node)
        first, last = self._line_around(start), self._line_end(end)
        alone = not self._data[first:start].strip() and not self._data[end:last].strip()
        indent = self._data[first:start] if alone else b""
        if not statements and alone and not indent:
            self._edits.append((first, last, b""))
            return
        lines = [each.encode() for each in statements or ["pass"]]
        joined = (b"\n" + indent if alone else b"; ").join(lines)
        self._edits.append((start, end, joined))

    def drop_lines(self, first: int, last: int) -> None:
        """Drops whole lines, counted from 1, the last one among them."""
        starts = self._starts
        end = starts[last] if last < len(starts) else len(self._data)
        self._edits.append((starts[first - 1], end, b""))

    def drop_definition(self, node: ast.stmt) -> None:
        """Drops a class, function or other statement with its decorators."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        self.drop_lines(first, node.end_lineno or node.lineno)

    def result(self) -> str:
        """Returns the changed text."""
        data = self._data
        for start, end, new in sorted(self._edits, reverse=True):
            data = data[:start] + new + data[end:]
        return data.decode()

    @property
    def _data(self) -> bytes:
        # The columns of a syntax tree count bytes.
        return self.text.encode()

    @property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def _place(self, node: ast.stmt) -> tuple[int, int]:
        starts = self._starts
        last = node.end_lineno or node.lineno
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[last - 1] + (node.end_col_offset or 0),
        )

    def _line_around(self, position: int) -> int:
        return self._data.rfind(b"\n", 0, position) + 1

    def _line_end(self, position: int) -> int:
        found = self._data.find(b"\n", position)
        return len(self._data) if found < 0 else found + 1
