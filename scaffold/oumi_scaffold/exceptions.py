"""Every error that the scaffold raises on purpose.

An error class is given facts and composes the message: what was given, what is allowed,
what to do. `exit_code` is what the command line returns for it: 2 for bad input, 3 for
a conflict with what exists (nothing was written), 1 for work that failed.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

_SHOWN_LENGTH = 60
REASON_LENGTH = 500


class ScaffoldError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class InvalidNameError(ScaffoldError, ValueError):
    """A model cannot have this name."""

    exit_code = 2

    def __init__(self, name: str, reason: str, suggestion: str | None = None) -> None:
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"{shown(name)} cannot be a model's name: {reason}{hint}")


class NameTakenError(ScaffoldError, ValueError):
    """A model of this name, whatever the case, is registered already."""

    exit_code = 3

    def __init__(self, name: str, taken: str, where: str) -> None:
        other = "" if taken == name else f" as {taken!r} (case does not count)"
        super().__init__(
            f"the name {name!r} is taken{other} by {where}; choose another name"
        )


class UnknownChoiceError(ScaffoldError, LookupError):
    """A name is not one of the available choices."""

    exit_code = 2

    def __init__(
        self, kind: str, given: str, allowed: Iterable[str], owner: str = ""
    ) -> None:
        import difflib

        names = list(allowed)
        by_lower = {name.lower(): name for name in names}
        nearest = difflib.get_close_matches(given.lower(), by_lower, n=1) or [
            name for name in by_lower if given and name.startswith(given.lower())
        ]
        hint = f"; did you mean {by_lower[nearest[0]]!r}?" if nearest else ""
        super().__init__(
            f"there is no {kind} {shown(given)}{owner and f' of {owner}'}: use one of "
            f"{', '.join(names)}{hint}"
        )


class BadSettingError(ScaffoldError, ValueError):
    """A `--set`, or another NAME=VALUE option, is malformed."""

    exit_code = 2

    def __init__(self, option: str, given: str, reason: str) -> None:
        super().__init__(f"cannot use {option} {shown(given)}: {reason}")


class InvalidValueError(ScaffoldError, ValueError):
    """A variable cannot be set to this value."""

    exit_code = 2

    def __init__(self, name: str, given: str, wanted: str) -> None:
        super().__init__(f"{name} cannot be {shown(given)}: give {wanted}")


class UnsafePathError(ScaffoldError, ValueError):
    """A file would land outside the project, or be reached through a link."""

    exit_code = 3

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"will not write {shown(path)}: {reason}; nothing was written")


class ConflictError(ScaffoldError, FileExistsError):
    """Files that would be written exist already, with other content."""

    exit_code = 3

    def __init__(self, paths: Sequence[str]) -> None:
        files = ", ".join(paths)
        verb, them = ("exists", "it") if len(paths) == 1 else ("exist", "them")
        super().__init__(
            f"{files} {verb} already; nothing was written. Keep {them} with --skip, "
            f"replace {them} with --force, compare with --diff, or choose another name"
        )


class QuitError(ScaffoldError, RuntimeError):
    """The user was asked about a file in the way, and chose to quit."""

    exit_code = 3

    def __init__(self) -> None:
        super().__init__("you chose to quit; nothing was written")


class BusyError(ScaffoldError, RuntimeError):
    """Another run is working in the same project."""

    exit_code = 3

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"another oumi-scaffold is running in {folder}; nothing was written, "
            "try again when it has finished"
        )


class WriteError(ScaffoldError, OSError):
    """A write failed; what had been written was rolled back."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot write {path}: {reason}; nothing was changed")


class UnfinishedError(ScaffoldError, OSError):
    """A write failed, and so did rolling it back."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"cannot write {path}: {reason}, and the changes could not be rolled "
            "back; fix that, and the next oumi-scaffold command in the project will"
        )


class JournalError(ScaffoldError, ValueError):
    """What a killed run left cannot be read."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} was not written by this program: {' '.join(reason.split())}; "
            "look at the files beside it, and delete it"
        )


class ManifestError(ScaffoldError, ValueError):
    """The project's manifest cannot be read."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; restore it from version control, or delete it"
        )


class TemplateError(ScaffoldError, ValueError):
    """A template is malformed, or what it rendered to is."""

    def __init__(self, template: str, reason: str) -> None:
        self.reason = " ".join(printable(reason)[:REASON_LENGTH].split())
        super().__init__(
            f"template {template}: {self.reason}; "
            "the template has to be fixed, nothing was written"
        )


class AnswerError(ScaffoldError, ValueError):
    """A third-party template does not accept an answer."""

    exit_code = 2


class TemplateSourceError(ScaffoldError, ValueError):
    """No usable template was found at the given place."""

    exit_code = 2

    def __init__(self, where: str, reason: str) -> None:
        reason = " ".join(printable(reason)[:REASON_LENGTH].split())
        super().__init__(f"cannot use the template {shown(where)}: {reason}")


class BadTemplateNameError(ScaffoldError, ValueError):
    """A template's folder cannot have this name."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{shown(name)} cannot be a template's name: give at most 64 ASCII "
            "letters, digits, - or _"
        )


class CheckFailedError(ScaffoldError, RuntimeError):
    """A template does not render, or its tests fail, for some of its choices."""

    def __init__(self, where: str, failed: int, number: int) -> None:
        super().__init__(f"{shown(where)} fails for {failed} of {number} choices")


class DataFileError(ScaffoldError, ValueError):
    """The user's data is not there, or does not hold what a task needs."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        reason = " ".join(printable(reason)[:REASON_LENGTH].split())
        super().__init__(f"cannot train on {shown(path)}: {reason}")


class DataOptionError(ScaffoldError, ValueError):
    """`--data` or `--dataset` conflicts with something else."""

    exit_code = 2


class WrapError(ScaffoldError, ValueError):
    """A module cannot be wrapped."""

    exit_code = 2

    def __init__(self, target: str, reason: str) -> None:
        reason = " ".join(printable(reason)[:REASON_LENGTH].split())
        super().__init__(f"cannot wrap {shown(target)}: {reason}")


class NameListError(ScaffoldError, ValueError):
    """A file for `--from-file` does not hold model names."""

    exit_code = 2

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


class HookError(ScaffoldError, RuntimeError):
    """A script of a template failed."""

    def __init__(self, hook: str, reason: str) -> None:
        super().__init__(f"the template's {hook} failed: {reason}")


class SettingsError(ScaffoldError, ValueError):
    """`[tool.oumi-scaffold]` of the project's pyproject.toml is wrong."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        super().__init__(f"pyproject.toml: {' '.join(printable(reason).split())}")


def printable(text: str) -> str:
    """Returns text with control characters escaped, except white space."""
    return "".join(
        c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text
    )


def shown(text: str) -> str:
    """Returns text from outside as a short, quoted, printable ASCII string."""
    if len(text) > _SHOWN_LENGTH:
        return f"{text[:_SHOWN_LENGTH]!a}... ({len(text)} characters)"
    return ascii(text)


class NoRunError(ScaffoldError, ValueError):
    """A folder does not hold a training run that can be read."""

    exit_code = 2

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"{shown(folder)} is not a training run: {reason}")


class MissingExtraError(ScaffoldError, ModuleNotFoundError):
    """A package is not installed that only an extra installs."""

    exit_code = 2

    def __init__(self, what: str, package: str, extra: str) -> None:
        super().__init__(
            f"{what} need {package}: pip install 'oumi-scaffold[{extra}]'", name=package
        )
