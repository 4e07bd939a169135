"""Says why what a module returns does not fit its task."""

import contextlib

from torch import nn

from oumi_runtime.wrapping.batches import output_shape
from oumi_runtime.wrapping.outputs import described, find_logits, tensors_in

_WORDS = {
    "causal-lm": ", (batch, sequence, vocabulary)",
    "seq2seq": ", (batch, target length, vocabulary)",
}


def misfit(
    task: str, sizes: dict[str, int], given: tuple[int, ...], outputs: object
) -> str:
    """Says what was given and returned, what the task needs, and what to do.

    Args:
        task: The task.
        sizes: The sizes of the data.
        given: The shape of the input.
        outputs: What the module has returned.
    """
    reason = f"given {shown_input(task, given)}, it returns {described(outputs)}"
    if task == "embedding":
        wanted = f"({given[0]}, width) or ({given[0]}, {given[1]}, width)"
        return f"{reason}, and {task} needs {wanted}, with a width above 1"
    shape = output_shape(task, sizes, given[-1])
    reason += f", and {task} needs {shape}{_WORDS.get(task, '')}"
    if "num_classes" in sizes and find_logits(outputs, (*shape[:1], 2)):
        return f"{reason}: one logit is for two classes, so give data of two"
    lasts = [
        tensor.shape[-1]
        for _, tensor in tensors_in(outputs)
        if tensor.dim() == len(shape) and tensor.shape[:-1] == shape[:-1]
    ]
    if lasts and "num_classes" in sizes and len(shape) > 1:
        reason += (
            f": set its number of classes to {shape[-1]}, or give data of "
            f"{lasts[0]} classes and --set num_classes={lasts[0]}"
        )
    return reason


def key_asked_for(net: nn.Module) -> str | None:
    """Returns a key by which a module reads its input; None if that is not a dict."""
    noting = _Noting()
    with contextlib.suppress(Exception, SystemExit):
        net(noting)
    return next((key for key in noting.asked if isinstance(key, str)), None)


class _Noting(dict[object, object]):
    """An empty dict that notes the keys that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[object] = []

    def __missing__(self, key: object) -> object:
        self.asked.append(key)
        raise KeyError(key)

    def get(self, key: object, default: object = None) -> object:
        self.asked.append(key)
        return default


def shown_input(task: str, shape: tuple[int, ...]) -> str:
    """Says what a module was given."""
    names = {2: "token ids", 4: "images"}
    kind = "features" if task.startswith("tabular") else names[len(shape)]
    return f"{kind} of shape {shape}"
