"""The pipeline of `new-model` and `new-dataset`, from specs to a plan for `write`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from oumi_scaffold.exceptions import TemplateError
from oumi_scaffold.project import manifest, requirements_file, schema_file, settings
from oumi_scaffold.project.entry_points import DATASETS, MODELS, place_of, with_points
from oumi_scaffold.project.paths import (
    check_case,
    check_distinct,
    check_project,
    missing_folders,
    read_target,
)
from oumi_scaffold.rendering.render import RenderedFile, Renderer
from oumi_scaffold.rendering.structure import Structure
from oumi_scaffold.rendering.structure_checks import StructureChecks
from oumi_scaffold.request.spec import DATASET_CLASS, MODEL_CLASS, RUNTIME, ClassSpec
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source, built_in
from oumi_scaffold.writing.plan import Plan, PlanEntry, planned_file, planned_update
from oumi_templates.catalog import COMPILED

if TYPE_CHECKING:
    from oumi_scaffold.rendering.confined import ConfinedRenderer


class Generated(NamedTuple):
    """The rendered files of a model or dataset, and the answers that made them so."""

    spec: ClassSpec
    answers: Mapping[str, Value]
    files: tuple[RenderedFile, ...]
    structure: Structure

    @property
    def needs_schema(self) -> bool:
        """Whether there is a config, of which an editor knows the schema."""
        # Oumi's configs have keys that are refused here.
        return self.spec.target == RUNTIME and not self.spec.is_dataset


def plan_model(
    spec: ClassSpec,
    project: Path,
    *,
    source: Source | None = None,
    dry_run: bool = False,
) -> Plan:
    """Plans the files of one new model; see `plan_models`."""
    source = source or built_in(spec.task)
    return plan_models(generated([spec], source), project, source, dry_run=dry_run)


def renderer_of(source: Source) -> "Renderer | ConfinedRenderer":
    """Returns the renderer of a template; third-party ones run with limits."""
    if source.is_built_in:
        return Renderer(source.template, COMPILED)
    from oumi_scaffold.rendering.confined import ConfinedRenderer

    return ConfinedRenderer(source.template)


class Generator:
    """Generates models of one template, any number of times."""

    def __init__(self, source: Source) -> None:
        """Takes the template.

        Raises:
            TemplateError: It is not one for models.
        """
        if not {MODEL_CLASS, DATASET_CLASS} & source.template.variables.keys():
            reason = f"it has no variable {MODEL_CLASS}"
            raise TemplateError(source.template.name, reason)
        self.source = source
        self._renderer = renderer_of(source)
        self._checks = StructureChecks(source.template.name)

    def generated(self, specs: Sequence[ClassSpec]) -> list[Generated]:
        """Renders models; see the function `generated`."""
        typed: dict[str, Value] | None = None
        models: list[Generated] = []
        for spec in specs:
            wanted = self._wanted(spec)
            if spec.settings and typed is None:
                given = self._renderer.answers(wanted, spec.settings)
                typed = {name: given[name] for name in spec.settings}
            answers = wanted | (typed or {})
            files = tuple(
                file._replace(path=spec.layout.placed(file.path))
                for file in self._renderer.render(answers)
            )
            arguments = self._arguments(spec, typed or {})
            names = spec.name, spec.module_name
            structure = self._checks.check(files, *names, arguments)
            models.append(Generated(spec, answers, files, structure))
        return models

    def _wanted(self, spec: ClassSpec) -> dict[str, Value]:
        wanted = dict(spec.answers)
        if self.source.is_built_in:
            return wanted
        known = self.source.template.variables
        optional = {"module_name", "__models_package"}
        return {k: v for k, v in wanted.items() if k in known or k not in optional}

    def _arguments(
        self, spec: ClassSpec, typed: Mapping[str, Value]
    ) -> dict[str, Value]:
        """Returns the constructor arguments required by the settings and the data."""
        # A wrapped module has the arguments that it has, whatever the data.
        if not self.source.is_built_in or "__wrap" in spec.data:
            return {}
        return dict(typed) | {k: v for k, v in spec.data.items() if isinstance(v, int)}


def generated(specs: Sequence[ClassSpec], source: Source) -> list[Generated]:
    """Renders models of one template.

    Args:
        specs: The models to generate, at least one; they differ only in their names.
        source: The template.

    Raises:
        UnknownChoiceError: A setting is not an argument of the model's constructor.
        InvalidValueError: A setting cannot have its value.
        AnswerError: Either of these, for a third-party template.
        TemplateError: The template does not render, or renders something else.
    """
    return Generator(source).generated(specs)


def plan_models(
    models: Sequence[Generated], project: Path, source: Source, *, dry_run: bool = False
) -> Plan:
    """Plans the files of rendered models.

    Args:
        models: The models, at least one.
        project: The folder of the user's project; it need not exist.
        source: Their template.
        dry_run: Whether `write` should do nothing.

    Raises:
        ManifestError: The project's manifest cannot be read.
        UnsafePathError: A file would be outside the project or behind a symbolic link.
    """
    project = project.resolve()
    check_project(project)
    own = [
        planned_file(project, file.path, file.text.encode())
        for model in models
        for file in model.files
    ]
    folders = missing_folders(project, [entry.path for entry in own])
    entries = (*own, *_shared_files(models, project, source, folders))
    check_distinct(entry.path for entry in entries)
    check_case(project, [entry.path for entry in entries if entry.before is None])
    return Plan(project, entries, dry_run)


def _shared_files(
    models: Sequence[Generated],
    project: Path,
    source: Source,
    folders: Iterable[str],
) -> Iterable[PlanEntry]:
    listed = read_target(project, requirements_file.FILE_NAME)
    yield planned_update(
        requirements_file.FILE_NAME,
        listed,
        requirements_file.with_lines(
            listed, [model.structure.class_file for model in models]
        ),
    )
    yield from _entry_points(models, project)
    entries = [model_entry(model, source) for model in models]
    known = read_target(project, manifest.FILE_NAME)
    yield planned_update(
        manifest.FILE_NAME, known, manifest.with_models(known, entries, folders)
    )
    if models[0].needs_schema:
        before = read_target(project, schema_file.FILE_NAME)
        yield planned_update(schema_file.FILE_NAME, before, schema_file.content())


def _entry_points(models: Sequence[Generated], project: Path) -> Iterable[PlanEntry]:
    """Plans how others find the classes, in a project that can be installed."""
    before = read_target(project, settings.FILE_NAME)
    if before is None:
        return
    after = before
    for group, is_dataset in ((MODELS, False), (DATASETS, True)):
        points = {
            model.spec.registered_name: place
            for model in models
            if model.spec.target == RUNTIME
            and model.spec.is_dataset is is_dataset
            and (place := place_of(model.structure.class_file, model.spec.name))
        }
        if points:
            after = with_points(after, group, points)
    if after != before:
        yield planned_update(settings.FILE_NAME, before, after)


def model_entry(model: Generated, source: Source) -> manifest.ModelEntry:
    """Returns what the manifest records of a rendered model."""
    return manifest.ModelEntry(
        name=model.spec.name,
        template=source.where,
        template_version=source.template.version,
        answers=model.answers,
        files=model.files,
        commit=source.commit,
        folders=model.spec.layout.unusual,
        ref=source.ref,
    )
