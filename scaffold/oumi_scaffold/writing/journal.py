"""The journal: what a run is about to do to a project, recorded before it starts.

Everything is in `.oumi-scaffold/` of the project, and is removed when the run is over:

    stage/0, stage/1, ...    the new files
    stage/0.before, ...      copies of the files being replaced or deleted
    stage/backup/PATH        copies for the user of files replaced or deleted by force
    journal.json             every step; once it exists, the run is carried out
    undo.json                the same; once it exists, the run is rolled back

Each of the last two appears with a single rename. So a project is always in one of
three states: not started, to be carried out, or to be rolled back.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

from oumi_scaffold.exceptions import JournalError
from oumi_scaffold.project.leftovers import BACKUP_PREFIX, FOLDER
from oumi_scaffold.project.paths import check_inside, mode_of

DO, UNDO = "journal.json", "undo.json"


class Step(NamedTuple):
    """A file that is created, replaced or deleted, with the digests of its content.

    `before` is None for a file that is created, `after` for one that is deleted.
    """

    path: str
    before: str | None
    after: str | None


class Journal(NamedTuple):
    """All steps of a run.

    `folders` are those that the run creates, outermost first; `backup` is the folder,
    below `.oumi-scaffold`, for files replaced by force, if there are any; `emptied` are
    the folders that are removed if they are left empty, innermost first.
    """

    steps: tuple[Step, ...]
    folders: tuple[str, ...]
    backup: str | None = None
    emptied: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Returns the journal as JSON."""
        steps = [step._asdict() for step in self.steps]
        return json.dumps(self._asdict() | {"steps": steps}).encode()


class Workplace(NamedTuple):
    """The paths of a run's journal, staged files and backups."""

    project: Path

    @property
    def root(self) -> Path:
        """The folder of the journal."""
        return self.project / FOLDER

    @property
    def stage(self) -> Path:
        """The staging folder, removed when the run is over."""
        return self.root / "stage"

    def staged(self, number: int) -> Path:
        """The new file of a step."""
        return Path(f"{self.project}/{FOLDER}/stage/{number}")

    def previous(self, number: int) -> Path:
        """The copy of the file that a step replaces or deletes."""
        return Path(f"{self.project}/{FOLDER}/stage/{number}.before")

    @property
    def kept(self) -> Path:
        """The staged backup."""
        return self.stage / "backup"

    def journal(self, direction: str) -> Journal | None:
        """Reads the journal of one direction; returns None if there is none.

        Raises:
            JournalError: It was not written by this program.
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
    """Returns the digest that identifies a content."""
    return hashlib.sha256(content).hexdigest()


def _read(document: object) -> Journal:
    fields = _fields(document)
    steps = tuple(_step(_fields(each)) for each in _list(fields["steps"]))
    folders = tuple(_path(each) for each in _list(fields["folders"]))
    backup = fields["backup"]
    if backup is not None and not _is_backup(backup):
        raise ValueError(f"its backup is {backup!r:.60}")
    emptied = tuple(_path(each) for each in _list(fields.get("emptied", [])))
    return Journal(steps, folders, cast(str | None, backup), emptied)


def _step(fields: Mapping[str, object]) -> Step:
    before, after = fields["before"], fields["after"]
    if not isinstance(after, str | None) or not isinstance(before, str | None):
        raise TypeError("a digest is not text")
    if before is None and after is None:
        raise ValueError("a step does nothing")
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
