"""Renders a template with answers to file contents: a pure function, in a sandbox.

Answers are data: they are inserted, never rendered. A template can access only the name
`cookiecutter`, with plain values, and the files of its own folder. Nothing is written
here.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jinja2

from oumi_scaffold.exceptions import (
    InvalidValueError,
    ScaffoldError,
    TemplateError,
)
from oumi_scaffold.rendering.answers import context_of, text_of, typed
from oumi_scaffold.rendering.sandbox import environment_of
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.folder import TemplateFolder
from oumi_templates.python_filters import SizeError


class RenderedFile(NamedTuple):
    """A rendered file: its path from the project's folder, and its text."""

    path: str
    text: str


class Renderer:
    """Renders one template, any number of times."""

    def __init__(self, template: TemplateFolder, compiled: Path | None = None) -> None:
        self.template = template
        self._environment = environment_of(template, compiled)
        self._paths = tuple(template.paths())

    def answers(
        self, answers: Mapping[str, Value], settings: Mapping[str, str]
    ) -> dict[str, Value]:
        """Returns the answers with the parsed settings; see `answers.typed`."""
        with _errors_of(self.template):
            return typed(self._environment, self.template, answers, settings)

    def render(self, answers: Mapping[str, Value]) -> tuple[RenderedFile, ...]:
        """Renders the template's files.

        Args:
            answers: The values of variables; the others get the template's defaults.

        Returns:
            The files in the order of their unrendered paths. A file whose name renders
            to an empty string is left out, as in cookiecutter.

        Raises:
            UnknownChoiceError: An answer is not one of the choices, or has no variable.
            TemplateError: The template cannot be rendered with these answers.
        """
        with _errors_of(self.template):
            context = context_of(self._environment, self.template, answers)
            files = (self._file(path, context) for path in self._paths)
            return tuple(file for file in files if file is not None)

    def hook(self, path: str, answers: Mapping[str, Value]) -> str:
        """Renders a hook script of the template."""
        with _errors_of(self.template):
            context = context_of(self._environment, self.template, answers)
            text = (self.template.root / path).read_text(encoding="utf-8")
            return self._environment.from_string(text).render(cookiecutter=context)

    def _file(self, path: str, context: dict[str, Value]) -> RenderedFile | None:
        target = text_of(self._environment, path, context)
        if target == "" or target.endswith("/"):
            return None
        if self.template.is_copied(path):
            return RenderedFile(target, self.template.text(path) or "")
        text = self._environment.get_template(path).render(cookiecutter=context)
        return RenderedFile(target, text)


def render(
    template: TemplateFolder, answers: Mapping[str, Value]
) -> tuple[RenderedFile, ...]:
    """Renders a template's files once; see `Renderer.render`."""
    return Renderer(template).render(answers)


@contextmanager
def _errors_of(template: TemplateFolder) -> Generator[None]:
    """Turns errors from rendering into a TemplateError."""
    try:
        yield
    except ScaffoldError:
        raise
    except SizeError as error:
        raise InvalidValueError(error.name, str(error.value), error.wanted) from error
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f" (line {line})" if line else ""
        raise TemplateError(template.name, f"{error}{place}") from error
    except RecursionError as error:
        raise TemplateError(template.name, "its files include each other") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TemplateError(template.name, str(error)) from error
