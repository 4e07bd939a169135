"""A template that can be rendered, and where it is from; the built-in ones."""

from typing import NamedTuple

from oumi_scaffold.template import TemplateFolder, load_template
from oumi_templates.catalog import template_dir


class Source(NamedTuple):
    """A template that can be rendered.

    `where` is what the manifest says of it; `commit` is None where it was not fetched;
    `is_pinned` tells whether the request itself named the commit.
    """

    template: TemplateFolder
    where: str
    is_built_in: bool = False
    commit: str | None = None
    is_pinned: bool = False


def built_in(task: str) -> Source:
    """Returns the template of a task."""
    return Source(load_template(template_dir(task), task), task, is_built_in=True)
