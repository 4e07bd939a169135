"""`oumi-scaffold report`: an HTML page about one or more training runs."""

from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.options import json_option
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.report.page import MARK, page
from oumi_scaffold.report.runs import read_run, runs_in
from oumi_scaffold.writing.plan import Plan, PlanEntry, planned_file, planned_update
from oumi_scaffold.writing.write import write

_DEFAULT_NAME = "report.html"


@click.command("report")
@click.argument("runs", nargs=-1, required=True, metavar="OUTPUT_DIR...")
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    help="The page to write.  [default: report.html in the first folder]",
)
@json_option
def command(runs: tuple[str, ...], target: str | None, as_json: bool) -> None:
    """Write a page with the curves, metrics and configs of training runs.

    Several runs are compared: one line each in the curves, and what differs in their
    configs. Of a folder of runs, such as the `tune` of a search, all are. The page is
    one file that needs no network. It replaces an older report, but no other file.
    """
    folders = [each for name in runs for each in runs_in(Path(name))]
    found = [read_run(each) for each in dict.fromkeys(folders)]
    content = page(found)
    path = Path(target or Path(runs[0]) / _DEFAULT_NAME)
    folder = path.parent.resolve()
    with locked(folder):
        entry = _replacing_older(planned_file(folder, path.name, content))
        plan = Plan(folder, (entry,))
        plan.raise_for_conflicts("It is no report: choose another file with --output")
        write(plan)
    if as_json:
        output.emit_json({"path": str(path), "status": str(entry.status)})
    else:
        output.status(entry.status, str(path))


def _replacing_older(entry: PlanEntry) -> PlanEntry:
    before, after = entry.before, entry.after
    is_report = before is not None and before.startswith(MARK)
    return planned_update(entry.path, before, after) if is_report else entry
