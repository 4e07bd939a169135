"""The whole way of `new-model`, from specs to a plan; carrying it out is `write`'s."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from oumi_scaffold import manifest, requirements_file, schema_file
from oumi_scaffold.exceptions import UnsafePathError
from oumi_scaffold.paths import check_distinct, read_target
from oumi_scaffold.plan import Plan, PlanEntry, planned_file, planned_update
from oumi_scaffold.render import Renderer
from oumi_scaffold.spec import RUNTIME, ModelSpec
from oumi_scaffold.structure import check_structure
from oumi_scaffold.template import load_template
from oumi_templates.catalog import template_dir


def plan_model(spec: ModelSpec, project: Path, *, dry_run: bool = False) -> Plan:
    """Plans the files of one new model; see `plan_models`."""
    return plan_models([spec], project, dry_run=dry_run)


def plan_models(
    specs: Sequence[ModelSpec], project: Path, *, dry_run: bool = False
) -> Plan:
    """Plans the files of new models of one template.

    Args:
        specs: What to generate, at least one; they differ in nothing but their names.
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
    template = load_template(template_dir(specs[0].task), specs[0].template)
    renderer = Renderer(template)
    models = [_rendered(renderer, spec) for spec in specs]
    own = [
        planned_file(project, file.path, file.text.encode())
        for model in models
        for file in model.files
    ]
    entries = (*own, *_shared_files(specs, models, project))
    check_distinct(entry.path for entry in entries)
    return Plan(project, entries, dry_run)


def _rendered(renderer: Renderer, spec: ModelSpec) -> manifest.GeneratedModel:
    template = renderer.template
    answers = renderer.answers(spec.answers, spec.settings)
    files = renderer.render(answers)
    arguments = {name: answers[name] for name in spec.settings}
    check_structure(files, template.name, spec.name, arguments)
    return manifest.GeneratedModel(
        spec.name, template.name, template.version, answers, files
    )


def _shared_files(
    specs: Sequence[ModelSpec],
    models: Iterable[manifest.GeneratedModel],
    project: Path,
) -> Iterable[PlanEntry]:
    listed = read_target(project, requirements_file.FILE_NAME)
    yield planned_update(
        requirements_file.FILE_NAME,
        listed,
        requirements_file.with_lines(listed, [spec.model_file for spec in specs]),
    )
    known = read_target(project, manifest.FILE_NAME)
    yield planned_update(manifest.FILE_NAME, known, manifest.with_models(known, models))
    if specs[0].target == RUNTIME:  # Oumi's configs have keys that are refused here.
        before = read_target(project, schema_file.FILE_NAME)
        yield planned_update(schema_file.FILE_NAME, before, schema_file.content())
