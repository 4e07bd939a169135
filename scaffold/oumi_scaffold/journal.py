"""What a run is about to do to a project, written down before it begins.

Everything lives in `.oumi-scaffold/` of the project, and is gone when the run is over:

    stage/0, stage/1, ...    the files as they will be
    stage/0.before, ...      those that are replaced, as they were
    stage/backup/PATH        what the user keeps of files that were in the way
    journal.json             every step; as soon as it is there, the run is carried out
    undo.json                the same, once the run is to be taken back

Each of the last two appears by one rename. So a project has one of three states: not
begun, to be carried out, to be taken back. Who finds it there knows which.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

from oumi_scaffold.exceptions import JournalError
from oumi_scaffold.paths import check_inside, mode_of

FOLDER = ".oumi-scaffold"
DO, UNDO = "journal.json", "undo.json"
BACKUP_PREFIX = "backup-"


class Step(NamedTuple):
    """One file that is created or replaced; the digests are those of its content."""

    path: str
    before: str | None
    after: str


class Journal(NamedTuple):
    """All steps of a run.

    `folders` are those that the run makes, outermost first; `backup` is the folder,
    below `.oumi-scaffold`, that keeps what was in the way, if anything was.
    """

    steps: tuple[Step, ...]
    folders: tuple[str, ...]
    backup: str | None = None

    def to_json(self) -> bytes:
        """Returns it as it is written down."""
        steps = [step._asdict() for step in self.steps]
        return json.dumps(self._asdict() | {"steps": steps}).encode()


class Workplace(NamedTuple):
    """The paths that a run uses in a project besides the files it is about."""

    project: Path

    @property
    def root(self) -> Path:
        """The folder of all of this."""
        return self.project / FOLDER

    @property
    def stage(self) -> Path:
        """The folder of what is gone when the run is over."""
        return self.root / "stage"

    def staged(self, number: int) -> Path:
        """A step's file as it will be."""
        return Path(f"{self.project}/{FOLDER}/stage/{number}")

    def previous(self, number: int) -> Path:
        """A step's file as it was."""
        return Path(f"{self.project}/{FOLDER}/stage/{number}.before")

    @property
    def kept(self) -> Path:
        """What will be the backup."""
        return self.stage / "backup"

    def journal(self, direction: str) -> Journal | None:
        """Returns the journal in one direction; None if there is none.

        Raises:
            JournalError: It is not one that this program has written.
        """
        path = self.root / direction
        if mode_of(path) is None:
            return None
        try:
            if path.is_symlink():
                raise ValueError("it is a symbolic link")
            return _read(json.loads(path.read_bytes()))
        except (ValueError, TypeError, KeyError, RecursionError, OSError) as error:
            raise JournalError(str(path), str(error)) from error


def digest(content: bytes) -> str:
    """Returns the digest by which a content is recognised."""
    return hashlib.sha256(content).hexdigest()


def _read(document: object) -> Journal:
    fields = _fields(document)
    steps = tuple(_step(_fields(each)) for each in _list(fields["steps"]))
    folders = tuple(_path(each) for each in _list(fields["folders"]))
    backup = fields["backup"]
    if backup is not None and not _is_backup(backup):
        raise ValueError(f"its backup is {backup!r:.60}")
    return Journal(steps, folders, cast(str | None, backup))


def _step(fields: Mapping[str, object]) -> Step:
    before, after = fields["before"], fields["after"]
    if not isinstance(after, str) or not isinstance(before, str | None):
        raise TypeError("a digest is not text")
    return Step(_path(fields["path"]), before, after)


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a path is not text")
    check_inside(value)
    return value


def _is_backup(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith(BACKUP_PREFIX)
        and value.removeprefix(BACKUP_PREFIX).replace("-", "").isalnum()
    )


def _fields(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("it is not an object")
    return cast(dict[str, object], value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("it has no list of steps")
    return cast(list[object], value)
