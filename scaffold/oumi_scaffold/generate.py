"""The whole way of `new-model`, from a spec to a plan; carrying it out is `write`'s."""

from collections.abc import Iterable
from pathlib import Path

from oumi_scaffold import manifest, requirements_file, schema_file
from oumi_scaffold.exceptions import UnsafePathError
from oumi_scaffold.plan import (
    Plan,
    PlanEntry,
    check_distinct,
    planned_file,
    planned_update,
    read_target,
)
from oumi_scaffold.render import Renderer
from oumi_scaffold.spec import RUNTIME, ModelSpec
from oumi_scaffold.structure import check_structure
from oumi_scaffold.template import load_template
from oumi_templates.catalog import template_dir


def plan_model(spec: ModelSpec, project: Path, *, dry_run: bool = False) -> Plan:
    """Plans the files of a new model.

    Args:
        spec: What to generate.
        project: The folder of the user's project; it need not exist.
        dry_run: Whether writing the plan is to do nothing.

    Raises:
        UnknownChoiceError: A setting is no argument of the model's constructor.
        InvalidValueError: A setting cannot have its value.
        TemplateError: The template does not render, or not to what was asked for.
        ManifestError: The project's manifest cannot be read.
        UnsafePathError: A file would land outside the project or go through a link.
    """
    project = project.resolve()
    if project.exists() and not project.is_dir():
        raise UnsafePathError(str(project), "it is not a folder")
    template = load_template(template_dir(spec.task), spec.template)
    renderer = Renderer(template)
    answers = renderer.answers(spec.answers, spec.settings)
    files = renderer.render(answers)
    arguments = {name: answers[name] for name in spec.settings}
    check_structure(files, template.name, spec.name, arguments)
    own = [planned_file(project, file.path, file.text.encode()) for file in files]
    model = manifest.GeneratedModel(
        spec.name, template.name, template.version, answers, tuple(files)
    )
    shared = _shared_files(spec, model, project)
    entries = (*own, *shared)
    check_distinct(entry.path for entry in entries)
    return Plan(project, entries, dry_run)


def _shared_files(
    spec: ModelSpec, model: manifest.GeneratedModel, project: Path
) -> Iterable[PlanEntry]:
    listed = read_target(project, requirements_file.FILE_NAME)
    yield planned_update(
        requirements_file.FILE_NAME,
        listed,
        requirements_file.with_line(listed, spec.model_file),
    )
    known = read_target(project, manifest.FILE_NAME)
    yield planned_update(
        manifest.FILE_NAME, known, manifest.with_models(known, [model])
    )
    if spec.target == RUNTIME:  # Oumi's own configs have keys that are refused here.
        before = read_target(project, schema_file.FILE_NAME)
        yield planned_update(schema_file.FILE_NAME, before, schema_file.content())
