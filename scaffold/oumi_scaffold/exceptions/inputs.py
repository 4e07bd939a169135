"""What a command is pointed at, and cannot use: data, modules, runs, libraries."""

from oumi_scaffold.exceptions.base import ScaffoldError, one_line, shown


class DataFileError(ScaffoldError, ValueError):
    """The user's data is not there, or does not hold what a task needs."""

    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"cannot train on {shown(path)}: {one_line(reason)}")


class WrapError(ScaffoldError, ValueError):
    """A module cannot be wrapped."""

    exit_code = 2

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"cannot wrap {shown(target)}: {one_line(reason)}")


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
