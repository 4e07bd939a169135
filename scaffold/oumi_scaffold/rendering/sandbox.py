"""The sandboxed Jinja environment that templates are rendered in."""

from collections.abc import Callable
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from oumi_scaffold.rendering.compiled import CompiledTemplates
from oumi_scaffold.template.folder import TemplateFolder
from oumi_templates.filters import TypedFilters

_TEXT = "text:"


def environment_of(
    template: TemplateFolder, compiled: Path | None = None
) -> jinja2.Environment:
    """Returns an environment that can access only the files of one template.

    Args:
        template: The template.
        compiled: The cache folder for compiled templates; None for no cache.
    """
    return ImmutableSandboxedEnvironment(
        loader=_Loader(template),
        undefined=jinja2.StrictUndefined,
        extensions=[TypedFilters],
        keep_trailing_newline=True,
        autoescape=False,
        bytecode_cache=CompiledTemplates(compiled) if compiled else None,
        trim_blocks=template.environment_options.get("trim_blocks", False),
        lstrip_blocks=template.environment_options.get("lstrip_blocks", False),
    )


def short_template(environment: jinja2.Environment, source: str) -> jinja2.Template:
    """Returns a short text, such as a path, as a template that is kept like files."""
    return environment.get_template(f"{_TEXT}{source}")


class _Loader(jinja2.BaseLoader):
    """Lets Jinja read the template's own files, and nothing else."""

    def __init__(self, template: TemplateFolder) -> None:
        self._template = template

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Returns the text of a file or partial, in the form that Jinja asks for."""
        if template.startswith(_TEXT):
            return template.removeprefix(_TEXT), None, None
        text = self._template.text(template)
        if text is None:
            raise jinja2.TemplateNotFound(template)
        return text, None, None
