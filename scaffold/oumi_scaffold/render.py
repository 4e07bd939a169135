"""From a template and answers to the text of files: a pure function, in a sandbox.

Answers are data: they are inserted, never rendered. What a template can reach is the
one name `cookiecutter`, with plain values, and the files of its own folder. Nothing is
written, and where the files will go is not known here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from oumi_scaffold.exceptions import ScaffoldError, TemplateError, UnknownChoiceError
from oumi_scaffold.template import TemplateFolder
from oumi_templates.filters import TypedFilters

Value = str | int | bool | list[str]


@dataclass(frozen=True)
class RenderedFile:
    """One file as it is to be: its path from the project's folder, and its text."""

    path: str
    text: str


def render(
    template: TemplateFolder, answers: Mapping[str, Value]
) -> tuple[RenderedFile, ...]:
    """Renders a template's files.

    Args:
        template: The template.
        answers: Variables to set; the others get the template's defaults.

    Returns:
        The files in the order of their unrendered paths. A file whose name renders to
        nothing is left out, as in cookiecutter.

    Raises:
        UnknownChoiceError: An answer is not one of the choices, or has no variable.
        TemplateError: The template cannot be rendered with these answers.
    """
    environment = _environment(template)
    try:
        context = _context(environment, template, answers)
        files = (_file(environment, path, context) for path in template.paths())
        return tuple(file for file in files if file is not None)
    except ScaffoldError:
        raise
    except jinja2.TemplateError as error:
        place = (
            f" (line {error.lineno})"
            if isinstance(error, jinja2.TemplateSyntaxError)
            else ""
        )
        raise TemplateError(template.name, f"{error}{place}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TemplateError(template.name, str(error)) from error


def _environment(template: TemplateFolder) -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        loader=_Loader(template),
        undefined=jinja2.StrictUndefined,
        extensions=[TypedFilters],
        keep_trailing_newline=True,
        autoescape=False,
        trim_blocks=template.environment_options.get("trim_blocks", False),
        lstrip_blocks=template.environment_options.get("lstrip_blocks", False),
    )


class _Loader(jinja2.BaseLoader):
    """Lets Jinja read the template's own files, and nothing else."""

    def __init__(self, template: TemplateFolder) -> None:
        self._template = template

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Returns the text of a file or partial, in the form that Jinja asks for."""
        text = self._template.text(template)
        if text is None:
            raise jinja2.TemplateNotFound(template)
        return text, None, None


def _context(
    environment: jinja2.Environment,
    template: TemplateFolder,
    answers: Mapping[str, Value],
) -> dict[str, Value]:
    for name in answers:
        if name not in template.variables:
            kind = f"variable of template {template.name}"
            raise UnknownChoiceError(kind, name, template.variables)
    context: dict[str, Value] = {}
    for name, default in template.variables.items():
        match default:
            case list():
                context[name] = _choice(name, cast(list[object], default), answers)
            case str() if name not in answers:
                source = environment.from_string(default)
                context[name] = source.render(cookiecutter=context)
            case str() | int():
                context[name] = answers.get(name, default)
            case _:
                reason = f"the default of {name} is no string, number, bool or list"
                raise TemplateError(template.name, reason)
    return context


def _choice(name: str, choices: list[object], answers: Mapping[str, Value]) -> Value:
    allowed = [str(choice) for choice in choices]
    answer = answers.get(name, allowed[0])
    if answer not in allowed:
        raise UnknownChoiceError(name, str(answer), allowed)
    return answer


def _file(
    environment: jinja2.Environment, path: str, context: dict[str, Value]
) -> RenderedFile | None:
    target = environment.from_string(path).render(cookiecutter=context)
    if target == "" or target.endswith("/"):
        return None
    text = environment.get_template(path).render(cookiecutter=context)
    return RenderedFile(target, text)
