"""A request that cannot be carried out: names, choices, settings and options."""

from collections.abc import Iterable

from oumi_scaffold.exceptions.base import ScaffoldError, one_line, shown


class InvalidNameError(ScaffoldError, ValueError):
    """A class, or a project, cannot have this name."""

    exit_code = 2

    def __init__(
        self,
        name: str,
        reason: str,
        suggestion: str | None = None,
        noun: str = "class",
    ) -> None:
        hint = f"; did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(
            f"{shown(name)} cannot be the name of the {noun}: {reason}{hint}"
        )


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


class DataOptionError(ScaffoldError, ValueError):
    """`--data` or `--dataset` conflicts with something else."""

    exit_code = 2


class NameListError(ScaffoldError, ValueError):
    """A file for `--from-file` does not hold model names."""

    exit_code = 2

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")


class SettingsError(ScaffoldError, ValueError):
    """`[tool.oumi-scaffold]` of the project's pyproject.toml is wrong."""

    exit_code = 2

    def __init__(self, reason: str) -> None:
        super().__init__(f"pyproject.toml: {one_line(reason)}")
