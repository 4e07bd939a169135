"""The hook scripts of a template: shown, and run only if trusted."""

from collections.abc import Mapping
from typing import NamedTuple

from oumi_scaffold.cli import output
from oumi_scaffold.exceptions import TemplateSourceError
from oumi_scaffold.generating.classes import renderer_of
from oumi_scaffold.request.spec import ClassSpec
from oumi_scaffold.template.source import Source
from oumi_scaffold.writing.plan import Plan


class TemplateHooks(NamedTuple):
    """The rendered scripts to run; none if they are not trusted."""

    texts: Mapping[str, str]

    def before(self, plan: Plan) -> None:
        """Runs the pre-generation script, in the project or the folder above it."""
        if self.texts and not plan.dry_run:
            from oumi_scaffold.template.hooks import run_hooks

            folder = next(
                f for f in (plan.project, *plan.project.parents) if f.is_dir()
            )
            run_hooks("pre_gen_project", self.texts, folder)

    def after(self, plan: Plan) -> None:
        """Runs the post-generation script in the project."""
        if self.texts and not plan.dry_run:
            from oumi_scaffold.template.hooks import run_hooks

            run_hooks("post_gen_project", self.texts, plan.project)


def hooks_of(source: Source, spec: ClassSpec, *, trust: bool) -> TemplateHooks:
    """Shows the scripts of a template, or notes that they are not run.

    Raises:
        TemplateSourceError: `--trust` was given for a template without a fixed commit.
    """
    paths = source.template.hooks
    if not paths:
        return TemplateHooks({})
    if not trust:
        names = ", ".join(paths)
        output.note(f"the template's scripts were not run: {names} (--trust runs them)")
        return TemplateHooks({})
    if source.commit is not None and not source.is_pinned:
        reason = f"--trust needs a fixed commit: add @{source.commit} if you trust it"
        raise TemplateSourceError(source.where, reason)
    renderer = renderer_of(source)
    texts = {path: renderer.hook(path, dict(spec.answers)) for path in paths}
    for path, text in texts.items():
        output.note(f"will run {path}:")
        for line in text.splitlines():
            output.note(f"  {output.printable(line)}")
    return TemplateHooks(texts)
