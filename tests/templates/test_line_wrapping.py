"""`wrapped` breaks lines where `ruff format` breaks them."""

import subprocess
import sys

import pytest

from oumi_templates.line_wrapping import wrapped

LENGTHS = (1, 36, 37, 38, 52, 53, 54, 64)
SOURCES = [
    '@registry.register("NAME", registry.RegistryType.MODEL)\nclass A:\n    pass\n',
    "from models.NAME import NAME\n",
    "from models.NAME import NAME, other\n",
    "def make_model(width: int = 1, *, size: int = 2) -> NAME:\n    return NAME()\n",
    "def make_dataset(split: str) -> NAME:\n    return NAME(split=split)\n",
    "class A:\n    def f(self, NAME: int, x: dict[str, int]):\n        return 1\n",
    "model = NAME(hidden_dim=32, num_classes=NUM_CLASSES)\n",
    'model = NAME("a, (\'b", [first, second], third=(1, 2))\n',
    'names = ["NAME", "a, [name", \'an "other" name\']\n',
    "assert isinstance(NAME, (torch.Tensor, torch.nn.Module))\n",
]


def formatted(source: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
        input=source,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("source", SOURCES)
def test_lines_of_every_length_are_wrapped_as_ruff_does(source: str):
    assert formatted(source) == source
    for length in LENGTHS:
        named = source.replace("NAME", "n" * length)
        assert wrapped(named) == formatted(named)


def test_a_line_that_fits_exactly_is_kept_and_one_more_is_wrapped():
    line = f"{'n' * 78} = f(a, b)"
    assert len(line) == 88
    assert wrapped(line) == line
    assert wrapped(f"n{line}") == f"n{'n' * 78} = f(\n    a, b\n)"


@pytest.mark.parametrize(
    "line",
    [
        f"# {'a comment, (which ' * 6}is kept)",
        f'"""{"A docstring, " * 8}which is kept."""',
        f"{'n' * 90} = 1",
        f"{'n' * 90}()",
        f'"""A docstring.\n\n{"n" * 80} (a, b) in it.\n"""',
    ],
)
def test_a_long_line_without_brackets_to_break_is_kept(line: str):
    assert wrapped(line) == line


def test_an_import_that_fits_no_line_says_so_to_the_linter():
    name = "n" * 90
    assert wrapped(f"from models.{name} import A") == (
        f"from models.{name} import (  # noqa: E501\n    A,\n)"
    )
