"""Template sources: a template and where it comes from."""

from typing import NamedTuple

from oumi_scaffold.template.folder import TemplateFolder, load_template
from oumi_templates.catalog import template_dir


class Source(NamedTuple):
    """A template that can be rendered.

    `where` and `ref`, the branch, tag or commit that was asked for, are recorded in the
    manifest; `commit` is None if it was not fetched; `is_pinned` is whether the request
    itself named the commit.
    """

    template: TemplateFolder
    where: str
    is_built_in: bool = False
    commit: str | None = None
    is_pinned: bool = False
    ref: str | None = None


def built_in(task: str) -> Source:
    """Returns the built-in template of a task."""
    return Source(load_template(template_dir(task), task), task, is_built_in=True)
