"""Renders a recorded model again: from its answers, by its template as it is now."""

from collections.abc import Mapping
from typing import NamedTuple

from oumi_scaffold.exceptions import ManifestError, SettingsError
from oumi_scaffold.generating.classes import Generated, Generator
from oumi_scaffold.project.manifest import FILE_NAME
from oumi_scaffold.project.recorded_model import RecordedModel
from oumi_scaffold.project.settings import layout_of
from oumi_scaffold.request.layout import Layout
from oumi_scaffold.request.names import check_name
from oumi_scaffold.request.spec import DATASET_CLASS, MODEL_CLASS, RUNTIME, ClassSpec
from oumi_scaffold.template.source import Source


class Renewed(NamedTuple):
    """A recorded model, and what its template renders now.

    `old_texts` are what the files were generated with, by path, where that is known.
    `dropped` are the answers that the template does not ask for any more.
    """

    recorded: RecordedModel
    source: Source
    model: Generated
    old_texts: Mapping[str, bytes]
    dropped: tuple[str, ...]


def renewed(
    recorded: RecordedModel,
    generator: Generator,
    layout: Layout,
    settings: Mapping[str, str],
) -> Renewed:
    """Renders a recorded model again.

    Args:
        recorded: The model.
        generator: The generator of its template.
        layout: The project's folders, if the manifest does not tell those of then.
        settings: New values of constructor defaults, as strings by name.

    Raises:
        UnknownChoiceError: An answer or a setting is none of the template's.
        InvalidValueError: A setting cannot have its value.
        TemplateError: The template does not render, or renders something else.
    """
    spec = _spec(recorded, generator.source, layout)
    given = {k: v for k, v in spec.data.items() if k not in settings}
    (model,) = generator.generated([spec._replace(data=given, settings=settings)])
    old = dict(_old_texts(recorded))
    if settings and len(old) < len(recorded.hashes):
        # Without a text, the template of then may still be that of today.
        (before,) = generator.generated([spec])
        old |= _matching(recorded, before)
    asked_for = generator.source.template.variables
    dropped = tuple(name for name in recorded.answers if name not in asked_for)
    old = _matching(recorded, model) | old
    return Renewed(recorded, generator.source, model, old, dropped)


def _spec(recorded: RecordedModel, source: Source, layout: Layout) -> ClassSpec:
    check_name(recorded.name)
    answers = {
        name: value
        for name, value in recorded.answers.items()
        if name in source.template.variables
    }
    of_the_spec = {"module_name", "arch", "target", "__models_package"}
    of_the_spec |= {MODEL_CLASS, DATASET_CLASS, "__data_package"}
    return ClassSpec(
        recorded.name,
        source.where,
        str(answers.get("arch", "")),
        str(answers.get("target", RUNTIME)),
        _layout(recorded, layout),
        data={name: v for name, v in answers.items() if name not in of_the_spec},
        is_dataset=DATASET_CLASS in source.template.variables,
    )


def _layout(recorded: RecordedModel, layout: Layout) -> Layout:
    """Returns the folders that the model was generated for."""
    if recorded.layout is None:
        return layout
    try:
        return layout_of(recorded.layout)
    except (SettingsError, TypeError) as error:
        reason = f"the layout of {recorded.name} has a folder that cannot be used"
        raise ManifestError(FILE_NAME, reason) from error


def _old_texts(recorded: RecordedModel) -> Mapping[str, bytes]:
    found = {path: recorded.generated(path) for path in recorded.hashes}
    return {path: text for path, text in found.items() if text is not None}


def _matching(recorded: RecordedModel, model: Generated) -> dict[str, bytes]:
    texts = {file.path: file.text.encode() for file in model.files}
    return {p: t for p, t in texts.items() if recorded.is_as_generated(p, t)}
