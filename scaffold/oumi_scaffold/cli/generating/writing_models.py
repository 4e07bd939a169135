"""What `new-model`, `new-dataset` and `wrap` do with specs: render, check and write."""

from collections.abc import Sequence

from oumi_scaffold.cli.generating.options import WritingOptions
from oumi_scaffold.cli.generating.summary import Written
from oumi_scaffold.cli.generating.taken_names import check_free, taken_names
from oumi_scaffold.cli.generating.template_hooks import TemplateHooks
from oumi_scaffold.cli.recovery import locked
from oumi_scaffold.generating.classes import generated, plan_models
from oumi_scaffold.request.spec import ClassSpec
from oumi_scaffold.template.source import Source
from oumi_scaffold.writing.write import write


def write_models(
    specs: Sequence[ClassSpec],
    source: Source,
    options: WritingOptions,
    hooks: TemplateHooks,
) -> Written:
    """Renders models and writes their files, all or nothing.

    Args:
        specs: The models, at least one; see `generated`.
        source: Their template.
        options: Where to write, and what to do about existing files.
        hooks: The template's scripts.

    Raises:
        NameTakenError: A name is registered already.
    """
    folder = options.output_dir
    with locked(folder):
        taken = taken_names(folder, specs)
        models = generated(specs, source)
        check_free(models, taken, folder, may_be_own=True)
        plan = plan_models(models, folder, source, dry_run=options.dry_run)
        if not (plan.conflicts or options.force or options.skip):
            check_free(models, taken, folder, may_be_own=False)
        plan = plan.decided(options.decisions())
        backup = None
        if not plan.conflicts:
            hooks.before(plan)
            backup = write(plan)
            hooks.after(plan)
    return Written(models, plan, backup)
