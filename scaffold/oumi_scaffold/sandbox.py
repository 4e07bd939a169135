"""Where templates are rendered: what their code can reach, and what it cannot."""

from collections.abc import Callable

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from oumi_scaffold.template import TemplateFolder
from oumi_templates.filters import TypedFilters


def environment_of(template: TemplateFolder) -> jinja2.Environment:
    """Returns the environment that renders a template, and only its own files."""
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
