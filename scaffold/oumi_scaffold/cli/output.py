"""All printing: coloured on a terminal, plain elsewhere, or JSON.

rich is imported only to print to a terminal.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import TextIO

import click

_STYLES = {
    "create": "green",
    "update": "yellow",
    "identical": "dim",
    "conflict": "bold red",
    "skip": "yellow",
    "force": "bold yellow",
    "delete": "red",
    "gone": "dim",
    "merge": "yellow",
    "markers": "bold red",
    "ok": "green",
    "n/a": "dim",
    "expected": "yellow",
    "failed": "bold red",
}
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_LONGEST_SHOWN = 500  # characters of a line of a diff
_STATUS_WIDTH = max(map(len, _STYLES))


def status(word: str, subject: str) -> None:
    """Prints a status word and what it is about: `create     models/my_net.py`."""
    padded = word.ljust(_STATUS_WIDTH)
    if _is_terminal(sys.stdout):
        _print_rich([(padded, _STYLES[word]), (f"  {subject}", "")])
    else:
        click.echo(f"{padded}  {subject}")


def say(text: str = "") -> None:
    """Prints a line for people."""
    click.echo(text)


def heading(text: str) -> None:
    """Prints a line that begins a new part."""
    if _is_terminal(sys.stdout):
        _print_rich([(text, "bold")])
    else:
        click.echo(text)


def diff(path: str, before: bytes, after: bytes) -> None:
    """Prints what would change in a file, as `diff -u` does."""
    for line in diff_lines(path, before, after):
        if _is_terminal(sys.stdout):
            _print_rich([(line, _DIFF_STYLES.get(line[:1], ""))])
        else:
            click.echo(line)


def diff_lines(path: str, before: bytes, after: bytes) -> list[str]:
    """Returns the lines of a unified diff, with control characters escaped."""
    import difflib

    old, new = (
        content.decode(errors="backslashreplace").split("\n")
        for content in (before, after)
    )
    names = f"{path} (now)", f"{path} (new)"
    lines = difflib.unified_diff(old, new, *names, lineterm="")
    return [printable(_shortened(line)) for line in lines]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under headings, in columns as wide as what is in them."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    texts = [
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]
    heading(texts[0])
    for text in texts[1:]:
        say(text)


def metrics(values: Mapping[str, float]) -> None:
    """Prints metrics by name, one a line."""
    table(["metric", "value"], [[name, f"{v:.4g}"] for name, v in values.items()])


def json_numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    """Returns numbers as JSON can hold them: None if not finite."""
    return {name: v if math.isfinite(v) else None for name, v in values.items()}


@contextmanager
def only_json(as_json: bool) -> Generator[None]:
    """Keeps stdout for the document of `--json`: all other prints go to stderr."""
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


def emit_json(document: object) -> None:
    """Prints one JSON document, the only thing that a command prints with `--json`."""
    click.echo(json.dumps(document, indent=2))


@contextmanager
def progress(total: int | None) -> Generator[Callable[[int], None]]:
    """Shows a bar on stderr while work goes on, if that is a terminal.

    Args:
        total: The number of pieces of the work, if known.

    Yields:
        A function that is told how many more pieces are done.
    """
    if not _is_terminal(sys.stderr):
        yield lambda count: None
        return
    from rich import progress as bars
    from rich.console import Console

    columns = bars.BarColumn(), bars.MofNCompleteColumn(), bars.TimeRemainingColumn()
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.advance(task, count)


def note(message: str) -> None:
    """Prints a remark on stderr."""
    click.echo(f"note: {message}", err=True)


def error(message: str) -> None:
    """Prints an error for people, on stderr."""
    if _is_terminal(sys.stderr):
        _print_rich([("error:", "bold red"), (f" {message}", "")], stderr=True)
    else:
        click.echo(f"error: {message}", err=True)


def _shortened(line: str) -> str:
    if len(line) <= _LONGEST_SHOWN:
        return line
    return f"{line[:80]}... ({len(line):,} characters)"


def printable(line: str) -> str:
    """Returns a line with control characters escaped."""
    return "".join(c if c.isprintable() or c == "\t" else repr(c)[1:-1] for c in line)


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _print_rich(parts: Sequence[tuple[str, str]], *, stderr: bool = False) -> None:
    from rich.console import Console
    from rich.text import Text

    # Soft wrap keeps a path or a command on one line, so that it can be copied.
    Console(stderr=stderr).print(Text.assemble(*parts), soft_wrap=True)
