"""Says in one line that a model computes with an argument that it was not given."""

import inspect
import linecache
import re
from pathlib import Path
from traceback import FrameSummary, extract_tb, walk_tb

from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch


def absent_argument(model: nn.Module, batch: Batch, error: Exception) -> str | None:
    """Returns the message for a model that fails where an argument is None.

    An example is a loss that is computed without labels. The statement of forward that
    fails is found in the traceback, with the values of what it names.

    Args:
        model: The model.
        batch: Its inputs by name.
        error: What calling it has raised.

    Returns:
        None if the error is another.
    """
    if "None" not in str(error):  # Where an optional input is None, others fail too.
        return None
    code = getattr(inspect.unwrap(type(model).forward), "__code__", None)
    arguments = inspect.signature(model.forward).parameters.keys() - batch.keys()
    found = error.__traceback__
    for (frame, number), summary in zip(walk_tb(found), extract_tb(found), strict=True):
        if frame.f_code is not code or frame.f_locals.get("self") is not model:
            continue
        source = _source_of(summary)
        for name in re.findall(r"\w+", source):
            if name in arguments and frame.f_locals.get(name, "") is None:
                short = source if len(source) <= 60 else f"{source[:57]}..."
                place = f"{Path(summary.filename).name}:{number}: {short}"
                return (
                    f"{type(model).__name__}.forward fails where {name!r} is None, as "
                    f"the inputs have none ({place}); compute a loss only under "
                    f"'if {name} is not None:'"
                )
    return None


def _source_of(summary: FrameSummary) -> str:
    """Returns the lines of a statement, in one."""
    first = summary.lineno or 1
    last = summary.end_lineno or first
    lines = [linecache.getline(summary.filename, n) for n in range(first, last + 1)]
    return " ".join(" ".join(lines).split())
