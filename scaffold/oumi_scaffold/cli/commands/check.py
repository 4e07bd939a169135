"""`oumi-scaffold check`: a conformance suite on what needs no test file."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.options import json_option

if TYPE_CHECKING:
    from oumi_runtime.testing import CheckResult

_NOT_APPLICABLE = "not applicable"
_WORDS = {
    "passed": "ok",
    "failed": "failed",
    _NOT_APPLICABLE: "n/a",
    "expected failure": "expected",
}


@click.command("check")
@click.argument("target", metavar="NAME|FILE|CONFIG")
@json_option
@click.option("--junit", metavar="FILE", help="Write a JUnit report for CI.")
@click.option(
    "--select",
    multiple=True,
    metavar="CHECK",
    help="Run only this check, or those matching a pattern; may be repeated.",
)
@click.option("--slow", is_flag=True, help="Also run the slow checks.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Show each check that does not apply."
)
def command(
    target: str,
    as_json: bool,
    junit: str | None,
    select: tuple[str, ...],
    slow: bool,
    verbose: bool,
) -> int:
    """Run the conformance suite on a model or dataset; exit with 1 if a check fails.

    NAME is a registered model or dataset, FILE a Python file that registers some or
    defines make_model and make_batch, and CONFIG a training config, whose model is
    checked on its data.
    """
    documents: list[dict[str, Any]] = []
    with output.only_json(as_json):
        noun, subjects = _subjects(target, select, slow)
        for subject in subjects:
            if not as_json:
                output.heading(f"{subject.name}, {subject.origin}")
            shown = None if as_json else _Shown(verbose=verbose)
            results = subject.run(on_result=shown)
            documents.append(_document(noun, subject.name, results))
            if not as_json:
                if not verbose:
                    _show_reasons(results)
                _show_totals(documents[-1])
    failed = any(document["failed"] for document in documents)
    if junit:
        from oumi_scaffold.cli.running.junit import junit_xml

        Path(junit).write_text(junit_xml(documents), encoding="utf-8")
    if as_json:
        output.emit_json({"passed": not failed, f"{noun}s": documents})
    return exit_codes.FAILED if failed else 0


class _Subject(NamedTuple):
    """What to check, and how."""

    name: str
    origin: str
    run: "Callable[..., Sequence[CheckResult]]"


def _subjects(
    target: str, select: Sequence[str], slow: bool
) -> tuple[str, list[_Subject]]:
    """Returns the datasets that the target refers to, or else the models."""
    from oumi_runtime.testing import run_checks, run_dataset_checks
    from oumi_runtime.testing.datasets.subjects import find_datasets
    from oumi_runtime.testing.subjects import find_subjects

    datasets = find_datasets(target)
    if datasets:
        run = partial(run_dataset_checks, select=select)
        return "dataset", [
            _Subject(
                each.name,
                each.origin,
                partial(run, each.make_dataset, splits=each.splits),
            )
            for each in datasets
        ]
    return "model", [
        _Subject(
            each.name,
            each.origin,
            partial(
                run_checks,
                each.make_model,
                each.make_batch,
                config=each.config,
                select=select,
                slow=slow,
            ),
        )
        for each in find_subjects(target)
    ]


class _Shown:
    """Prints results as they arrive, but for checks that do not apply."""

    def __init__(self, *, verbose: bool) -> None:
        self._verbose = verbose
        self._first_with: dict[str, str] = {}

    def __call__(self, result: "CheckResult") -> None:
        if result.outcome == _NOT_APPLICABLE:
            if self._verbose:
                output.status("n/a", f"{result.name}: {result.message}")
            return
        output.status(_WORDS[result.outcome], result.name)
        if result.outcome == "passed":
            return
        # A message that recurs is printed only once.
        words = re.sub(r"\d+", "0", result.message)
        first = self._first_with.setdefault(words, result.name)
        is_told = result.outcome == "failed" and first != result.name
        told = f"as {first}" if is_told else result.message
        output.say(f"          {told}")


def _show_reasons(results: "Sequence[CheckResult]") -> None:
    """Prints why checks do not apply, a line for each reason."""
    names: dict[str, list[str]] = {}
    for result in results:
        # Of what cannot be made, the check that failed tells.
        if result.outcome == _NOT_APPLICABLE and not result.factory:
            names.setdefault(result.message, []).append(result.name)
    for reason, found in names.items():
        what = found[0] if len(found) == 1 else f"{len(found)} checks"
        output.status("n/a", f"{what}: {reason}")


def _show_totals(document: dict[str, Any]) -> None:
    counts = [
        f"{document['counts'][outcome]} {outcome}"
        for outcome in _WORDS
        if document["counts"][outcome]
    ]
    output.say(f"{', '.join(counts)} in {document['seconds']:.1f} s")


def _document(noun: str, name: str, results: "Sequence[CheckResult]") -> dict[str, Any]:
    return {
        noun: name,
        "failed": sum(result.outcome == "failed" for result in results),
        "counts": {o: sum(r.outcome == o for r in results) for o in _WORDS},
        "seconds": round(sum(result.seconds for result in results), 3),
        "checks": [
            {
                "name": result.name,
                "theme": result.check.theme,
                "outcome": str(result.outcome),
                "message": result.message,
                "catches": result.check.catches,
                "seconds": round(result.seconds, 4),
            }
            for result in results
        ],
    }
