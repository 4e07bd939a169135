"""What `new-model`, `new-dataset` or `wrap` has written, for people or as JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.options import WritingOptions
from oumi_scaffold.cli.generating.plan_lines import PlanLines
from oumi_scaffold.generating.classes import Generated
from oumi_scaffold.project import requirements_file
from oumi_scaffold.request.spec import STREAM, ClassSpec
from oumi_scaffold.writing.plan import Plan


class Written(NamedTuple):
    """What was generated, the plan that was carried out, and the backup, if any."""

    models: Sequence[Generated]
    plan: Plan
    backup: str | None

    def report(self, options: WritingOptions) -> None:
        """Prints what became of each file, and what to type next.

        Raises:
            ConflictError: Files were in the way.
        """
        lines = PlanLines(self.plan, self.backup, options.diff)
        if options.as_json:
            output.emit_json({**self._described(), **lines.document()})
        else:
            lines.show()
            if not (self.plan.conflicts or self.plan.dry_run):
                output.say()
                self._show_next_steps(options.output_dir)
        self.plan.raise_for_conflicts()

    def _described(self) -> dict[str, object]:
        """The part of the document that says what was asked for."""
        spec = self.models[0].spec
        names = [model.spec.name for model in self.models]
        name = {"name": spec.name} if len(names) == 1 else {"names": names}
        if spec.is_dataset:
            return {**name, "dataset_name": spec.registered_name, **spec.data}
        return {**name, "task": spec.task, "arch": spec.arch, "target": spec.target}

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


def _show_use_of_dataset(spec: ClassSpec) -> None:
    output.say(f"  oumi-scaffold check {spec.registered_name}")
    output.say()
    output.heading("What to write into a config, for each split:")
    if spec.data.get("kind") == STREAM:
        output.say("  stream: true # false reads all rows at the start")
    output.say("  datasets:")
    output.say(f"    - dataset_name: {spec.registered_name}")
    output.say("      split: train")
