"""`oumi-scaffold check-template`: render and test a template in all its variants."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.exceptions import CheckFailedError, ScaffoldError, TemplateError
from oumi_scaffold.generating.classes import generated, plan_models
from oumi_scaffold.request.layout import Layout
from oumi_scaffold.request.spec import third_party_spec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.opening import opened
from oumi_scaffold.template.source import Source
from oumi_scaffold.writing.write import write

_NAME = "CheckedNet"
_MOST_CHOICES = 64
_TIMEOUT_S = 600


class Outcome(NamedTuple):
    """The result for one combination of choices."""

    choices: dict[str, str]
    status: str
    detail: str


@click.command("check-template")
@click.argument("where", metavar="PATH")
@json_option
def command(where: str, as_json: bool) -> None:
    """Render the template at PATH in all its variants, and run the generated tests.

    This runs code from the template: use it only if you trust the author.
    """
    outcomes: list[Outcome] = []
    with opened(where) as source:
        for choices in _combinations(source):
            outcome = _checked(source, choices)
            outcomes.append(outcome)
            if not as_json:
                words = " ".join(f"{name}={value}" for name, value in choices.items())
                detail = f": {outcome.detail}" if outcome.detail else ""
                output.status(outcome.status, f"{words or 'no choices'}{detail}")
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if as_json:
        document = [outcome._asdict() for outcome in outcomes]
        output.emit_json({"template": where, "valid": not failed, "checks": document})
    if failed:
        raise CheckFailedError(where, len(failed), len(outcomes))


def _combinations(source: Source) -> Iterator[dict[str, str]]:
    lists = {
        name: [str(each) for each in default]  # pyright: ignore
        for name, default in source.template.variables.items()
        if isinstance(default, list)
    }
    combinations = list(product(*lists.values()))
    if len(combinations) > _MOST_CHOICES:
        reason = f"its choices have {len(combinations):,} combinations"
        raise TemplateError(source.template.name, reason)
    for values in combinations:
        yield dict(zip(lists, values, strict=True))


def _checked(source: Source, choices: dict[str, str]) -> Outcome:
    """Renders a model for some choices into a project of its own, and tests it."""
    data: dict[str, Value] = dict(choices)
    spec = third_party_spec(_NAME, source.where, None, "runtime", {}, Layout())
    with tempfile.TemporaryDirectory(prefix="oumi-scaffold-") as folder:
        project = Path(folder).resolve()
        try:
            models = generated([spec._replace(data=data)], source)
            write(plan_models(models, project, source))
        except ScaffoldError as error:
            return Outcome(choices, "failed", str(error))
        if not any(p.name.startswith("test_") for p in project.rglob("*.py")):
            return Outcome(choices, "failed", "it has no tests")
        if choices.get("target") == "oumi" and find_spec("oumi") is None:
            return Outcome(choices, "skip", "oumi is not installed to run its tests")
        return _tested(project, choices)


def _tested(project: Path, choices: dict[str, str]) -> Outcome:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=project,
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Outcome(choices, "failed", f"its tests take more than {_TIMEOUT_S} s")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    last = output.printable(lines[-1] if lines else "no output").strip("= ")
    return Outcome(choices, "ok" if done.returncode == 0 else "failed", last)
