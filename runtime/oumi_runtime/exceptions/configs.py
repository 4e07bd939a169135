"""Mistakes in a config, collected so that one error reports all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oumi_runtime.exceptions.base import OumiRuntimeError, suggestion


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a config.

    Attributes:
        place: `file:line:column`, or `argument --key`; "" for a config made in Python.
        key: The path to the field, such as `training.max_steps`; "" for the config
            itself.
        sentence: What was given, what is allowed, what to do.
    """

    place: str
    key: str
    sentence: str

    def __str__(self) -> str:
        what = f"{self.key}: {self.sentence}" if self.key else self.sentence
        if self.place == f"argument --{self.key}":
            return f"argument --{what}"
        return f"{self.place}  {what}" if self.place else what


class ConfigError(OumiRuntimeError, ValueError):
    """A config has mistakes; its text has a line for each."""

    exit_code = 2

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class ConfigFileError(ConfigError, FileNotFoundError):
    """A config file is missing, or is not a file."""

    def __init__(self, path: Path, problem: str, near: Iterable[str] = ()) -> None:
        sentence = f"the file {problem}{suggestion(str(path), near)}"
        super().__init__([Mistake(str(path), "", sentence)])


class SectionError(OumiRuntimeError, ValueError):
    """Fields of one config section contradict each other; ConfigError collects these.

    Attributes:
        wrong: What is wrong with each field. A field is named as in `train.datasets`,
            or by the parts of its key: `("model_kwargs", "a.b")`.
        rests_on: The other fields that a field's message depends on. The message is
            left out if one of those could not be read.
    """

    exit_code = 2

    def __init__(
        self,
        wrong: Mapping[Any, str],
        rests_on: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.wrong: dict[str | tuple[str | int, ...], str] = dict(wrong)
        self.rests_on = {name: tuple(on) for name, on in (rests_on or {}).items()}
        named = (
            f"{name if isinstance(name, str) else '.'.join(map(str, name))}: {why}"
            for name, why in wrong.items()
        )
        super().__init__("; ".join(named))
