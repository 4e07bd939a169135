"""`.oumi-scaffold.json`: what was generated, from which template, with which answers.

It holds what is needed to render again, and a hash per file to detect later edits.
Entries of other models and unknown keys are preserved.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, cast

from oumi_scaffold import __version__
from oumi_scaffold.exceptions import ManifestError
from oumi_scaffold.render import RenderedFile
from oumi_scaffold.values import Value

FILE_NAME = ".oumi-scaffold.json"
FORMAT = 1


class GeneratedModel(NamedTuple):
    """The manifest's entry of one model."""

    name: str
    template: str
    template_version: str
    answers: Mapping[str, Value]
    files: tuple[RenderedFile, ...]
    commit: str | None = None

    def entry(self) -> dict[str, object]:
        """Returns the entry as it is stored."""
        return {
            "template": self.template,
            "template_version": self.template_version,
            **({"template_commit": self.commit} if self.commit else {}),
            "answers": dict(self.answers),
            "files": {file.path: _sha256(file.text) for file in self.files},
        }


def with_models(content: bytes | None, models: Iterable[GeneratedModel]) -> bytes:
    """Returns the manifest with models added, replacing older entries.

    Args:
        content: The current content of the manifest; None if it does not exist.
        models: The models to add.

    Raises:
        ManifestError: The content is not a manifest, or is of a newer version.
    """
    manifest = _read(content) if content is not None else {}
    entries = _object(manifest.get("models", {}), "its models are not an object")
    manifest |= {
        "format": FORMAT,
        "scaffold_version": __version__,
        "models": entries | {model.name: model.entry() for model in models},
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


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


def _sha256(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
