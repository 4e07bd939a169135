"""Makes random batches for a model, from the signatures of constructor and forward.

    input_ids, attention_mask   texts of 4 to 12 tokens, padded to 12 images,
    pixel_values        numbers in 0..1, of the size that the constructor is given
    features                    normal numbers labels                      classes,
    tokens or numbers, by the shape of the output

Which tokens there are, and how large an image is, is taken from the docstring of
forward (`[0, vocab_size)`, `(batch, num_features)`), or else from the first layer.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import EMBEDDINGS
from oumi_runtime.exceptions import ModelBuildError
from oumi_runtime.testing.case import Batch, BatchFactory, ModelCase
from oumi_runtime.testing.docstrings import documented_inputs, known_sizes, upper_bound
from oumi_runtime.testing.measuring import logits_of

_LENGTH = 12
_TARGET_LENGTH = 6
# Values for required constructor arguments.
_SMALL: dict[str, Any] = {
    "vocab_size": 100,
    "input_dim": 32,
    "hidden_dim": 32,
    "hidden_size": 32,
    "output_dim": 5,
    "num_classes": 5,
    "num_labels": 5,
    "num_layers": 2,
    "num_heads": 2,
    "num_features": 12,
    "in_features": 12,
    "in_channels": 1,
    "image_size": 28,
    "image_width": 28,
    "image_height": 28,
    "max_length": 32,
    "dropout": 0.1,
}


def small_arguments(model_class: Any) -> dict[str, Any]:
    """Returns values for the required arguments of a constructor, as far as known."""
    parameters = inspect.signature(model_class).parameters.values()
    return {
        p.name: _SMALL[p.name]
        for p in parameters
        if p.default is p.empty and p.name in _SMALL
    }


def derived_batches(make_model: Callable[[], nn.Module]) -> BatchFactory:
    """Returns a function that makes batches for a model.

    Raises:
        ModelBuildError: Forward takes anything but tokens, images or features.
    """
    case = ModelCase(make_model, lambda batch_size: {})
    inputs = _inputs(case)
    if "labels" not in inspect.signature(case.make_model_class.forward).parameters:
        return inputs
    labels = _labels(case, inputs)
    return lambda batch_size: _with(inputs(batch_size), labels)


def _with(inputs: Batch, labels: Callable[[Batch], torch.Tensor]) -> Batch:
    return {**inputs, "labels": labels(inputs)}


def _inputs(case: ModelCase) -> Callable[[int], Batch]:
    forward = case.make_model_class.forward
    parameters = inspect.signature(forward).parameters
    needed = [
        name
        for name, p in list(parameters.items())[1:]
        if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    makers: dict[str, Callable[[int], Batch]] = {}
    for name in needed:
        if name == "attention_mask":
            continue
        if name == "input_ids":
            makers[name] = _tokens(case, "attention_mask" in parameters)
        else:
            makers[name] = _numbers(case, name)

    def make(batch_size: int) -> Batch:
        made: Batch = {}
        for maker in makers.values():
            made |= maker(batch_size)
        return made

    return make


def _tokens(case: ModelCase, has_mask: bool) -> Callable[[int], Batch]:
    rows = upper_bound(case, "input_ids")
    if rows is None:
        tables = (m for m in case.model().modules() if isinstance(m, EMBEDDINGS))
        table = next(tables, None)
        if table is None:
            raise ModelBuildError("the size of the vocabulary cannot be determined")
        rows = table.num_embeddings

    def make(batch_size: int) -> Batch:
        ids = torch.randint(1, rows, (batch_size, _LENGTH))
        if not has_mask:
            return {"input_ids": ids}
        lengths = torch.randint(4, _LENGTH + 1, (batch_size, 1))
        mask = (torch.arange(_LENGTH) < lengths).long()
        return {"input_ids": ids * mask, "attention_mask": mask}

    return make


def _numbers(case: ModelCase, name: str) -> Callable[[int], Batch]:
    shape = _documented_shape(case, name) or _shape_of_first_layer(case)
    if shape is None:
        raise ModelBuildError(
            f"the meaning of forward's argument {name} is unknown; check a config, or "
            "a file with make_model and make_batch"
        )
    draw = torch.rand if len(shape) == 3 else torch.randn
    return lambda batch_size: {name: draw(batch_size, *shape)}


def _documented_shape(case: ModelCase, name: str) -> tuple[int, ...] | None:
    known = known_sizes(case)
    for each in documented_inputs(case):
        if each.name == name:
            sizes = [int(s) if s.isdigit() else known.get(s) for s in each.sizes[1:]]
            if None not in sizes:
                return tuple(size for size in sizes if size is not None)
    return None


def _shape_of_first_layer(case: ModelCase) -> tuple[int, ...] | None:
    for module in case.model().modules():
        if isinstance(module, nn.Linear):
            return (module.in_features,)
        if isinstance(module, nn.Conv2d):
            known = known_sizes(case)
            side = known.get("image_size", 28)
            height = known.get("image_height", side)
            return (module.in_channels, height, known.get("image_width", side))
    return None


def _labels(
    case: ModelCase, inputs: Callable[[int], Batch]
) -> Callable[[Batch], torch.Tensor]:
    """Makes labels to fit the output: numbers for (batch,), classes for (batch, C)."""
    batch = inputs(3)
    output = logits_of(case.model(), batch)
    ids = batch.get("input_ids")
    if output.ndim == 1 or output.shape[1:] == (1,):
        return lambda made: torch.randn(len(next(iter(made.values()))))
    classes = output.shape[-1]
    if output.ndim == 2 and not _is_embedding(case, batch):
        return lambda made: torch.randint(classes, (len(next(iter(made.values()))),))
    if ids is not None and output.shape[:2] == ids.shape:
        if upper_bound(case, "input_ids") == classes:
            return _next_tokens
        return lambda made: torch.randint(classes, made["input_ids"].shape)
    rows = upper_bound(case, "input_ids") or classes
    return lambda made: torch.randint(
        1, rows, (len(next(iter(made.values()))), _TARGET_LENGTH)
    )


def _is_embedding(case: ModelCase, batch: Batch) -> bool:
    with torch.no_grad():
        return "embeddings" in case.model()(**batch)


def _next_tokens(made: Batch) -> torch.Tensor:
    """Returns the tokens as labels, since the model predicts as many classes."""
    mask = made.get("attention_mask")
    ids = made["input_ids"]
    return ids.clone() if mask is None else ids.masked_fill(mask == 0, -100)
