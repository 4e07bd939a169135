"""`.oumi-scaffold.json`: what was generated, from which template, with which answers.

It holds what is needed to render again, a hash per file to detect later edits, and the
text as it was generated to merge them. Entries of other models and unknown keys are
preserved.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from oumi_scaffold import __version__
from oumi_scaffold.exceptions import (
    ManifestError,
    NewerVersionError,
    NothingGeneratedError,
)
from oumi_scaffold.project.generated_text import packed, unpacked
from oumi_scaffold.project.paths import read_target
from oumi_scaffold.project.recorded_model import RecordedModel, hash_of

if TYPE_CHECKING:
    from oumi_scaffold.rendering.render import RenderedFile
    from oumi_scaffold.request.values import Value

FILE_NAME = ".oumi-scaffold.json"
FORMAT = 1

_OWN_KEYS = {"format", "scaffold_version", "folders", "models"}


class ModelEntry(NamedTuple):
    """The manifest's entry of one model.

    `folders` are those of the project's layout that are not the usual ones.
    """

    name: str
    template: str
    template_version: str
    answers: "Mapping[str, Value]"
    files: "tuple[RenderedFile, ...]"
    commit: str | None = None
    folders: "Mapping[str, str] | None" = None
    ref: str | None = None

    def entry(self, before: object = None) -> dict[str, object]:
        """Returns the entry as it is stored.

        Args:
            before: The entry that it replaces, if any.
        """
        texts = {file.path: file.text for file in self.files}
        line = _texts_of(before)
        return {
            "template": self.template,
            "template_version": self.template_version,
            **({"template_ref": self.ref} if self.ref else {}),
            **({"template_commit": self.commit} if self.commit else {}),
            **({"layout": dict(self.folders)} if self.folders else {}),
            "answers": dict(self.answers),
            "files": {path: hash_of(text.encode()) for path, text in texts.items()},
            # Compressing the same text may give another line on another machine.
            "texts": line if unpacked(line) == texts else packed(texts),
        }


def with_models(
    content: bytes | None,
    models: Iterable[ModelEntry],
    folders: Iterable[str] = (),
) -> bytes:
    """Returns the manifest with models added, replacing older entries.

    Args:
        content: The current content of the manifest; None if it does not exist.
        models: The models to add, which become the last ones.
        folders: The folders that are created for them.

    Raises:
        ManifestError: The content is not a manifest, or is of a newer version.
    """
    manifest = _read(content) if content is not None else {}
    entries = _models(manifest)
    added = {model.name: model.entry(entries.get(model.name)) for model in models}
    others = {name: each for name, each in entries.items() if name not in added}
    return _written(manifest, others | added, {*_folders(manifest), *folders})


def updated(
    content: bytes,
    models: Iterable[ModelEntry],
    created: Iterable[str] = (),
    removed: Iterable[str] = (),
) -> bytes:
    """Returns the manifest with the entries of models replaced, each in its place.

    Args:
        content: The current content.
        models: The models as they are generated now.
        created: The folders that are created for them.
        removed: The folders that are removed.
    """
    manifest = _read(content)
    entries = _models(manifest)
    new = {model.name: model.entry(entries.get(model.name)) for model in models}
    folders = {*_folders(manifest), *created} - {*removed}
    return _written(manifest, entries | new, folders)


def without_model(
    content: bytes, name: str, folders: Collection[str] = ()
) -> bytes | None:
    """Returns the manifest without a model; None if nothing would be left in it.

    Args:
        content: The current content.
        name: The model to take out.
        folders: The folders that are removed.
    """
    manifest = _read(content)
    others = {key: each for key, each in _models(manifest).items() if key != name}
    if not others and manifest.keys() <= _OWN_KEYS:
        return None
    return _written(manifest, others, set(_folders(manifest)) - set(folders))


def recorded_models(content: bytes) -> dict[str, RecordedModel]:
    """Returns the models of a manifest by name, the one generated last at the end.

    Raises:
        ManifestError: The content is not a manifest, or an entry lacks something.
    """
    entries = _models(_read(content))
    try:
        return {
            name: RecordedModel.from_entry(name, entry)
            for name, entry in entries.items()
        }
    except ValueError as error:
        raise ManifestError(FILE_NAME, str(error)) from error


def read_recorded(project: Path) -> tuple[bytes, Mapping[str, RecordedModel]]:
    """Reads a project's manifest; returns its content, and its models by name.

    Raises:
        NothingGeneratedError: There are no models.
        ManifestError: It cannot be read.
    """
    content = read_target(project, FILE_NAME)
    models = {} if content is None else recorded_models(content)
    if content is None or not models:
        raise NothingGeneratedError(str(project), FILE_NAME)
    return content, models


def created_folders(content: bytes) -> list[str]:
    """Returns the folders that were created for models."""
    return _folders(_read(content))


def check_version(content: bytes) -> None:
    """Checks that no newer version of this program has written a manifest.

    Raises:
        NewerVersionError: One has.
    """
    theirs = str(_read(content).get("scaffold_version", ""))
    if _numbers(theirs) > _numbers(__version__):
        raise NewerVersionError(theirs, __version__)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", version)[:3]]


def _written(
    manifest: dict[str, object], models: dict[str, object], folders: Collection[str]
) -> bytes:
    manifest = {
        **manifest,
        "format": FORMAT,
        "scaffold_version": __version__,
        "folders": sorted(folders),
        "models": models,
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


def _models(manifest: dict[str, object]) -> dict[str, object]:
    return _object(manifest.get("models", {}), "its models are not an object")


def _texts_of(entry: object) -> object:
    return (
        cast(dict[str, object], entry).get("texts") if isinstance(entry, dict) else None
    )


def _folders(manifest: dict[str, object]) -> list[str]:
    folders = manifest.get("folders", [])
    if not isinstance(folders, list):
        raise ManifestError(FILE_NAME, "its folders are not a list")
    return [each for each in cast(list[object], folders) if isinstance(each, str)]


def _read(content: bytes) -> dict[str, object]:
    try:
        manifest: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ManifestError(FILE_NAME, f"it is not valid JSON ({error})") from error
    fields = _object(manifest, "it is not a JSON object")
    version = fields.get("format")
    if type(version) is not int or version < 1:
        raise ManifestError(FILE_NAME, "it has no format number")
    if version > FORMAT:
        reason = f"its format {version} is newer than {FORMAT}: upgrade oumi-scaffold"
        raise ManifestError(FILE_NAME, reason)
    return fields


def _object(value: object, otherwise: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ManifestError(FILE_NAME, otherwise)
    return cast(dict[str, object], value)
