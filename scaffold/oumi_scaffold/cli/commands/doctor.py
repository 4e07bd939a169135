"""`oumi-scaffold doctor`: is everything there that the other commands need?"""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NamedTuple

import click

from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.inventory import installation
from oumi_scaffold.cli.inventory.registered import unusable
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.running.configs import mistakes_in
from oumi_scaffold.exceptions import ManifestError
from oumi_scaffold.project import leftovers, manifest
from oumi_scaffold.project.recorded_model import RecordedModel
from oumi_scaffold.request.spec import OUMI

OK, FAILED, REMARK = "ok", "failed", "n/a"


class Finding(NamedTuple):
    """One thing that was looked at."""

    outcome: str
    """`ok`, `failed`, or `n/a` for what need not be there."""
    sentence: str


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Look for problems in the installation, on the machine and in this project.

    Changes nothing. Exits with 1 if there is a problem. The report is what a bug report
    should begin with.
    """
    areas = {
        "installation": list(_installation()),
        "machine": list(_machine()),
        "project": list(_project(Path())),
    }
    problems = [f for found in areas.values() for f in found if f.outcome == FAILED]
    if as_json:
        output.emit_json(
            {
                "healthy": not problems,
                **{area: [f._asdict() for f in found] for area, found in areas.items()},
            }
        )
        return exit_codes.FAILED if problems else 0
    for area, found in areas.items():
        output.heading(area)
        for finding in found:
            output.status(finding.outcome, output.printable(finding.sentence))
    output.say()
    number = len(problems)
    output.say(f"{number} problem{'s' * (number != 1)}" if number else "no problems")
    return exit_codes.FAILED if problems else 0


def _installation() -> Iterator[Finding]:
    yield Finding(OK, f"python {platform.python_version()} on {platform.platform()}")
    try:
        requirements = installation.needed()
    except PackageNotFoundError:
        yield Finding(REMARK, "oumi-scaffold runs from source files, not installed")
        return
    for each in requirements:
        wanted = f"{each.name}{each.specifier}"
        if each.fits:
            yield Finding(OK, f"{each.name} {each.version}")
        elif each.version is not None:
            yield Finding(
                FAILED,
                f"{each.name} {each.version} is installed, and {wanted} is needed: "
                f"pip install '{wanted}'",
            )
        elif each.extra:
            extra = f"{installation.DISTRIBUTION}[{each.extra}]"
            yield Finding(REMARK, f"{each.name} is optional: pip install '{extra}'")
        else:
            yield Finding(
                FAILED, f"{each.name} is not installed: pip install '{wanted}'"
            )


def _machine() -> Iterator[Finding]:
    try:
        from oumi_runtime.core import hardware
    except Exception as error:  # A broken installation fails in many ways.
        yield Finding(FAILED, f"torch cannot be imported: {error}")
        return
    gpus = hardware.examine_gpus()
    for is_usable, sentence in (hardware.examine_memory(), *gpus):
        yield Finding(OK if is_usable else FAILED, sentence)
    if not gpus:
        yield Finding(REMARK, "no GPU: models are trained on the CPU")


def _project(project: Path) -> Iterator[Finding]:
    folder = project.resolve()
    if os.access(folder, os.W_OK):
        yield Finding(OK, f"{folder} can be written to")
    else:
        yield Finding(FAILED, f"{folder} cannot be written to")
    yield from (Finding(FAILED, problem) for problem in unusable(project))
    try:
        content = (project / manifest.FILE_NAME).read_bytes()
        models = manifest.recorded_models(content)
    except FileNotFoundError:
        yield Finding(REMARK, f"no {manifest.FILE_NAME}: no model was generated here")
        return
    except (ManifestError, OSError) as error:
        yield Finding(FAILED, str(error))
        return
    for model in models.values():
        yield from _model(project, model)
    for backup in leftovers.backups(project):
        yield Finding(REMARK, f"{backup} holds files that were replaced by --force")


def _model(project: Path, model: RecordedModel) -> Iterator[Finding]:
    """Yields what became of a generated model's files, and whether its config holds."""
    missing = [path for path in model.hashes if not (project / path).is_file()]
    for path in missing:
        yield Finding(
            FAILED,
            f"{path} of {model.name} is missing: bring it back, or take the model back "
            f"with `oumi-scaffold undo {model.name}`",
        )
    there = [path for path in model.hashes if path not in missing]
    edited = sum(
        not model.is_as_generated(path, (project / path).read_bytes()) for path in there
    )
    if not missing:
        yield Finding(OK, f"{model.name}: {len(there)} files, {edited} of them edited")
    for path in there:
        # Oumi's configs have keys that are refused here.
        if path.endswith(".yaml") and model.answers.get("target") != OUMI:
            for mistake in mistakes_in(str(project / path), interpolate=True):
                yield Finding(FAILED, str(mistake))
