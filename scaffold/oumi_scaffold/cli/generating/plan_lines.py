"""What a plan does to each file, for people or as JSON."""

from typing import NamedTuple

from oumi_scaffold.cli import output
from oumi_scaffold.writing.plan import Plan, PlanEntry, Status

_MOST_SHOWN = 200


class PlanLines(NamedTuple):
    """A plan, the backup if there is one, and whether differences are shown."""

    plan: Plan
    backup: str | None
    diff: bool = False

    def document(self) -> dict[str, object]:
        """Returns the part of a `--json` document that is about the plan."""
        return {
            "project": str(self.plan.project),
            "dry_run": self.plan.dry_run,
            "written": not self.plan.dry_run and not self.plan.conflicts,
            "backup": self.backup,
            "files": [self._file(entry) for entry in self.plan.entries],
        }

    def show(self) -> None:
        """Prints a line for each file."""
        entries = self.plan.entries
        if len(entries) > _MOST_SHOWN:  # what changes is worth more
            entries = tuple(sorted(entries, key=_is_unchanged))
        for entry in entries[:_MOST_SHOWN]:
            output.status(entry.status, entry.path)
            if self.diff and entry.before is not None:
                output.diff(entry.path, entry.before, entry.after or b"")
        if len(entries) > _MOST_SHOWN:
            output.say(f"and {len(entries) - _MOST_SHOWN} more files")
        if self.backup:
            output.say(f"your files as they were are kept in {self.backup}")
        if self.plan.dry_run and not self.plan.conflicts:
            output.say()
            output.say("Nothing was written: this was a dry run.")

    def _file(self, entry: PlanEntry) -> dict[str, object]:
        file: dict[str, object] = {"path": entry.path, "status": str(entry.status)}
        if self.diff and entry.before is not None:
            after = entry.after or b""
            file["diff"] = output.diff_lines(entry.path, entry.before, after)
        return file


def _is_unchanged(entry: PlanEntry) -> bool:
    return entry.status is Status.IDENTICAL
