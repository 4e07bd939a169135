"""The report of `new-model` and `new-dataset`, for people or as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.generating.classes import Generated
from oumi_scaffold.project import requirements_file
from oumi_scaffold.request.spec import ClassSpec
from oumi_scaffold.writing.plan import Plan


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
            **_described(spec),
            **self._lines.document(),
        }

    def show(self, output_dir: Path) -> None:
        """Prints the report, and what to type next.

        Args:
            output_dir: The project's folder as the user named it.
        """
        self._lines.show()
        if not (self.plan.conflicts or self.plan.dry_run):
            output.say()
            self._show_next_steps(output_dir)

    @property
    def _lines(self) -> PlanLines:
        return PlanLines(self.plan, self.backup, self.diff)

    def _show_next_steps(self, output_dir: Path) -> None:
        import shlex

        output.heading("What to type next:")
        if output_dir != Path():
            output.say(f"  cd {shlex.quote(str(output_dir))}")
        output.say("  python -m pytest -q")
        model = self.models[0]
        if model.spec.is_dataset:
            _show_use_of_dataset(model.spec)
            return
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


def _described(spec: ClassSpec) -> dict[str, object]:
    if spec.is_dataset:
        return {"dataset_name": spec.registered_name, **spec.data}
    return {"task": spec.task, "arch": spec.arch, "target": spec.target}


def _show_use_of_dataset(spec: ClassSpec) -> None:
    output.say(f"  oumi-scaffold check {spec.registered_name}")
    output.say()
    output.heading("What to write into a config, once for each split:")
    output.say(f"  - dataset_name: {spec.registered_name}")
    output.say("    split: train")
