"""Finds the logits in what a module returns."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import torch

from oumi_runtime.core.models.single_logit import as_two_classes

_RESHAPING = re.compile(
    r"(Stack|(Unsafe|_?Reshape)?(View|Alias)|Squeeze|Unsqueeze|Select|Slice)Backward\d"
)
_USUAL_NAMES = ("logits", "output", "outputs", "out", "predictions", "prediction", "y")
_EMBEDDINGS = (
    *("embeddings", "embedding", "sentence_embedding", "sentence_embeddings"),
    *("text_embeds", "embeds", "pooler_output", "pooled_output", "pooled"),
)
_STATES = ("last_hidden_state", "hidden_states", "states", "token_embeddings")


class Found(NamedTuple):
    """The logits among the outputs, and how they are reached."""

    access: tuple[str, ...]
    logits: torch.Tensor
    is_squeezed: bool = False
    is_transposed: bool = False
    is_single: bool = False
    is_pooled: bool = False


def tensors_in(outputs: object) -> Iterator[tuple[tuple[str, ...], torch.Tensor]]:
    """Yields the tensors that a module has returned, each with how it is reached."""
    if isinstance(outputs, torch.Tensor):
        yield (), outputs
        return
    for access, value in _parts(outputs):
        if isinstance(value, torch.Tensor):
            yield access, value


def find_logits(outputs: object, shape: tuple[int, ...]) -> Found | None:
    """Finds the tensor of a shape.

    Args:
        outputs: What the module has returned.
        shape: The shape of logits; those with one more dimension of 1 will do, as
            will those of tokens with the classes before the tokens, or one for two
            classes if there is nothing else.

    Returns:
        The one with a usual name, or else the first; None if none has the shape.
    """
    found = [
        each
        for access, tensor in tensors_in(outputs)
        if (each := _as_logits(access, tensor, shape)) is not None
    ]
    found = [each for each in found if not each.is_single] or found
    return _usual(found, _USUAL_NAMES)


def find_embeddings(
    outputs: object, samples: int, length: int, *, is_turned: bool = False
) -> Found | None:
    """Finds embeddings of texts, or else of their tokens.

    Args:
        outputs: What the module has returned.
        samples: The number of texts.
        length: The number of tokens in each.
        is_turned: Whether those of tokens come as (length, samples, width).

    Returns:
        (samples, width); or (samples, length, width), of which the mean is to be
        taken. Of several, the one with a usual name, or else the first; None if there
        is none.
    """
    tensors = [
        Found(access, tensor, is_pooled=tensor.dim() == 3)
        for access, tensor in tensors_in(outputs)
        if tensor.is_floating_point() and tensor.shape[-1:].numel() > 1
    ]
    texts = [each for each in tensors if each.logits.shape[:-1] == (samples,)]
    shape = (length, samples) if is_turned else (samples, length)
    tokens = [
        each._replace(logits=each.logits.transpose(0, 1) if is_turned else each.logits)
        for each in tensors
        if each.logits.shape[:-1] == shape
    ]
    return _usual(texts, _EMBEDDINGS) or _usual(tokens, (*_STATES, *_USUAL_NAMES))


def is_of_a_sigmoid(tensor: torch.Tensor) -> bool:
    """Whether a tensor with gradients is what a sigmoid has returned, reshaped."""
    step: Any = tensor.grad_fn
    while step is not None and _RESHAPING.fullmatch(step.name()):
        step = step.next_functions[-1][0]
    return step is not None and step.name().startswith("SigmoidBackward")


def described(outputs: object) -> str:
    """Says in a few words what a module has returned."""
    parts = list(tensors_in(outputs))
    if not parts:
        return f"a {type(outputs).__name__} without tensors"
    told = [f"{' '.join(access)} {tuple(tensor.shape)}" for access, tensor in parts]
    if parts[0][0]:
        return f"a {type(outputs).__name__} of {', '.join(told)}"
    return f"a tensor{told[0]}"


def _usual(found: list[Found], names: tuple[str, ...]) -> Found | None:
    """Returns the one with a usual name, or else the first."""
    known = [each.access[-1] if each.access else "" for each in found]
    places = [known.index(name) for name in names if name in known]
    return found[places[0] if places else 0] if found else None


def _parts(outputs: Any) -> Iterator[tuple[tuple[str, ...], object]]:
    fields: Any = getattr(outputs, "_fields", None)  # of a named tuple
    if dataclasses.is_dataclass(outputs) and not isinstance(outputs, Mapping):
        fields = [field.name for field in dataclasses.fields(outputs)]
    if isinstance(outputs, Mapping):
        items = cast(Mapping[object, object], outputs).items()
        yield from ((("key", key), each) for key, each in items if isinstance(key, str))
    elif fields is not None:
        yield from ((("attribute", name), getattr(outputs, name)) for name in fields)
    elif isinstance(outputs, list | tuple):
        for index, each in enumerate(cast(list[object], outputs)):
            yield ("index", str(index)), each
    elif hasattr(outputs, "__dict__"):
        attributes: dict[str, object] = vars(outputs)
        yield from ((("attribute", name), each) for name, each in attributes.items())


def _as_logits(
    access: tuple[str, ...], tensor: torch.Tensor, shape: tuple[int, ...]
) -> Found | None:
    if not tensor.is_floating_point():
        return None
    if tensor.shape == shape:
        return Found(access, tensor)
    if len(shape) == 1 and tensor.shape == (*shape, 1):
        return Found(access, tensor.squeeze(-1), is_squeezed=True)
    if len(shape) == 3 and tensor.shape == (shape[0], shape[2], shape[1]):
        return Found(access, tensor.transpose(1, 2), is_transposed=True)
    if shape[1:] == (2,) and tensor.shape in (shape[:1], (shape[0], 1)):
        return Found(access, as_two_classes(tensor), is_single=True)
    return None
