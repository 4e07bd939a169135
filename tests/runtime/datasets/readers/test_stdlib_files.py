"""The standard library's syntax trees are read quickly, and in one order."""

import ast
from pathlib import Path

from oumi_runtime.datasets.readers.stdlib_files import (
    package_files,
    statements,
)

SOURCE = '''
"""A module."""
try:
    def first(): ...
except OSError:
    def second(): ...
else:
    def third(): ...
finally:
    def fourth(): ...
match first:
    case None:
        class Fifth:
            async def sixth(self): return lambda: 1
if first:
    for each in ():
        def seventh(): ...
    else:
        def eighth(): ...
elif second:
    with third:
        def ninth(): ...
'''
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def definitions(nodes):
    return [ast.dump(node) for node in nodes if isinstance(node, DEFINITIONS)]


def test_definitions_come_in_the_order_of_the_syntax_tree(tmp_path: Path):
    path = tmp_path / "each.py"
    path.write_text(SOURCE)
    for file in (path, *package_files("asyncio")):
        tree = ast.parse(file.read_bytes())
        assert definitions(statements(file)) == definitions(ast.walk(tree))
    assert len(definitions(statements(path))) == 10
