"""A model as the manifest records it: what it was generated from, and its files."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, cast

from oumi_scaffold.exceptions import shown
from oumi_scaffold.project.generated_text import unpacked

if TYPE_CHECKING:
    from oumi_scaffold.request.values import Value


class RecordedModel(NamedTuple):
    """The manifest's entry of a model, read.

    `hashes` are those of the files as they were generated, by path; `texts` may lack
    some, since older manifests have none. `layout` are the unusual folders; None if an
    older manifest does not say.
    """

    name: str
    template: str
    version: str
    answers: "Mapping[str, Value]"
    hashes: Mapping[str, str]
    texts: Mapping[str, str]
    ref: str | None = None
    layout: Mapping[str, str] | None = None

    @classmethod
    def from_entry(cls, name: str, entry: object) -> "RecordedModel":
        """Reads an entry.

        Raises:
            ValueError: It lacks something, or holds something else.
        """
        fields = _object(entry, f"the model {shown(name)}")
        template, ref = fields.get("template"), fields.get("template_ref")
        if not isinstance(template, str) or not isinstance(ref, str | None):
            raise ValueError(f"the model {shown(name)} has no template")
        answers = _object(fields.get("answers"), f"the answers of {shown(name)}")
        files = _object(fields.get("files"), f"the files of {shown(name)}")
        layout = _object(fields.get("layout", {}), f"the layout of {shown(name)}")
        is_told = "texts" in fields
        folders = {kind: str(each) for kind, each in layout.items()}
        return cls(
            name=name,
            template=template,
            version=str(fields.get("template_version", "0")),
            answers=cast("Mapping[str, Value]", answers),
            hashes={path: str(each) for path, each in files.items()},
            texts=unpacked(fields.get("texts")),
            ref=ref,
            layout=folders if is_told else None,
        )

    @property
    def where(self) -> str:
        """Where the template is found again: at the branch, tag or commit of then."""
        return f"{self.template}@{self.ref}" if self.ref else self.template

    def is_as_generated(self, path: str, content: bytes) -> bool:
        """Whether a file holds what it was generated with, but for its line ends."""
        return self.hashes.get(path) == hash_of(with_line_ends(content, b"\n"))

    def generated(self, path: str) -> bytes | None:
        """Returns what a file was generated with; None if that is not known."""
        if path not in self.texts:
            return None
        content = self.texts[path].encode()
        return content if self.is_as_generated(path, content) else None


def line_ends(content: bytes) -> bytes:
    """Returns how the lines of a text end: a checkout may have changed that."""
    number = content.count(b"\n")
    return b"\r\n" if number and content.count(b"\r\n") == number else b"\n"


def with_line_ends(content: bytes, ends: bytes) -> bytes:
    """Returns a text whose lines all end alike with other line ends."""
    return content.replace(line_ends(content), ends)


def hash_of(content: bytes) -> str:
    """Returns the hash of a content as the manifest writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    return cast(dict[str, object], value)
