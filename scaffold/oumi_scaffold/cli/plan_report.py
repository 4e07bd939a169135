"""The report of `new-model`, for people or as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold import requirements_file
from oumi_scaffold.cli import output
from oumi_scaffold.generate import Generated
from oumi_scaffold.plan import Plan, PlanEntry

_MOST_SHOWN = 200


class Report(NamedTuple):
    """The generated models, what happened to each file, and the backup, if any."""

    models: Sequence[Generated]
    plan: Plan
    backup: str | None
    diff: bool

    def document(self) -> dict[str, object]:
        """Returns the report as `--json` prints it, the same for a dry run."""
        spec = self.models[0].spec
        names = [model.spec.name for model in self.models]
        return {
            **({"name": spec.name} if len(names) == 1 else {"names": names}),
            "task": spec.task,
            "arch": spec.arch,
            "target": spec.target,
            "project": str(self.plan.project),
            "dry_run": self.plan.dry_run,
            "written": not self.plan.dry_run and not self.plan.conflicts,
            "backup": self.backup,
            "files": [self._file(entry) for entry in self.plan.entries],
        }

    def show(self, output_dir: Path) -> None:
        """Prints the report, and what to type next.

        Args:
            output_dir: The project's folder as the user named it.
        """
        for entry in self.plan.entries[:_MOST_SHOWN]:
            output.status(entry.status, entry.path)
            if self.diff and entry.before is not None:
                output.diff(entry.path, entry.before, entry.after)
        if len(self.plan.entries) > _MOST_SHOWN:
            output.say(f"and {len(self.plan.entries) - _MOST_SHOWN} more files")
        if self.backup:
            output.say(f"the replaced files are kept in {self.backup}")
        if self.plan.conflicts:
            return
        output.say()
        if self.plan.dry_run:
            output.say("Nothing was written: this was a dry run.")
            return
        self._show_next_steps(output_dir)

    def _show_next_steps(self, output_dir: Path) -> None:
        import shlex

        output.heading("What to type next:")
        if output_dir != Path():
            output.say(f"  cd {shlex.quote(str(output_dir))}")
        output.say("  python -m pytest -q")
        model = self.models[0]
        config = model.structure.config_file
        if config is None:
            return
        if model.spec.data_file is None:
            output.say(f"  oumi-scaffold train -c {config}")
            return
        output.say(f"  python {model.spec.data_file}")
        # For this one command: Oumi would register the model twice in its tests.
        listed = f"OUMI_EXTRA_DEPS_FILE={requirements_file.FILE_NAME}"
        output.say(f"  {listed} oumi train -c {config}")

    def _file(self, entry: PlanEntry) -> dict[str, object]:
        file: dict[str, object] = {"path": entry.path, "status": str(entry.status)}
        if self.diff and entry.before is not None:
            file["diff"] = output.diff_lines(entry.path, entry.before, entry.after)
        return file
