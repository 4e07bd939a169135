"""Checks of models with attention: what is attended to, and the order of tokens."""

import re
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.checks.attending import (
    MIXING_LAYERS,
    ROWS,
    AttentionWatch,
    attending,
    attention,
    heap_seen_by_attention,
    is_hidden,
    layers_over_tokens,
)
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    compute_gradients,
    other_tokens,
    output_name,
    outputs_of,
)
from oumi_runtime.testing.needs import numbers, steady

_CLASS_TOKEN = re.compile(r"(^|[._])(cls|class)(_?tokens?)?$")
_CLASS_TOKEN_SEEDS = 3
# A patch's own row has ten times as much and more; the others are within two.
_MUCH_MORE = 6.0


@check(needs=[attention, steady])
def check_order_of_tokens_matters(case: ModelCase) -> None:
    """Catches attention that ignores the order of tokens.

    For example a position embedding that is never added, or positions that are all
    zero. Causal models are not checked: the number of tokens that a token can see tells
    them its position.

    If it fails, look at how attention gets the positions.
    """
    if case.label_shift is not None:
        raise NotApplicableError("the causal mask gives the positions away")
    probe = Probe(case, ROWS)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    has_other_ways = any(isinstance(m, MIXING_LAYERS) for m in probe.model.modules())
    masks = {
        t.mask: torch.ones_like(probe.inputs[t.mask]) for t in case.tokens if t.mask
    }
    inputs = probe.inputs = {**probe.inputs, **masks}
    for tokens in attending(case):
        column, usual = inputs[tokens.ids], probe(inputs)
        # Not reversed: a bias by distance is the same from both ends.
        order = torch.randperm(
            column.shape[1], generator=torch.Generator().manual_seed(0)
        )
        changed = {  # Segments, say, go with their tokens.
            name: each[:, order] if each.shape == column.shape else each
            for name, each in inputs.items()
        }
        turned = probe(changed)
        if usual.shape[:2] == column.shape and not case.is_teacher_forced:
            usual = usual[:, order]
        if not probe.differs(usual, turned).any():
            raise CheckFailedError(
                f"{tokens.ids} in another order give the same output, although "
                "the tokens attend to each other: are position embeddings added, and "
                "are they all different?"
            )
        layer = "" if has_other_ways else heap_seen_by_attention(probe, changed)
        if layer:
            raise CheckFailedError(
                f"{tokens.ids} in another order give {layer} the same rows in another "
                "order: are positions added after attention, and not before?"
            )


@check(needs=[attention, steady])
def check_attention_reaches_other_tokens(case: ModelCase) -> None:
    """Catches attention in which every token sees only itself.

    For example a mask of `torch.eye`, or a softmax over the wrong dimension of masked
    scores.

    If it fails, print the mask of the first layer: row t shows what token t may see.
    """
    probe = Probe(case)
    for tokens in attending(case):
        column, usual = probe.inputs[tokens.ids], probe(probe.inputs)
        if usual.shape[:2] != column.shape or case.is_teacher_forced:
            raise NotApplicableError("the output has no row for every token")
        changed = column.clone()
        changed[:, ::2] = other_tokens(column)[:, ::2]
        moved = probe.differs(usual, probe({**probe.inputs, tokens.ids: changed}))
        if not moved[:, 1::2].any():
            raise CheckFailedError(
                "no token's output changes with the other tokens, although they attend "
                "to each other: does the mask let each token see only itself?"
            )


@check()
def check_attention_is_shared_out_among_tokens(case: ModelCase) -> None:
    """Catches a softmax of attention over the wrong dimension, or twice.

    For example `scores.softmax(dim=1)` of (batch, heads, query, key): then not the
    weights of a query add up to 1, but those of the heads.

    If it fails, take the softmax over the keys: `dim=-1`.
    """
    with AttentionWatch() as watch:
        outputs_of(case.model(), case.batch(ROWS))
    if watch.is_twice:
        raise CheckFailedError(
            "a softmax is applied to the result of a softmax, which makes all "
            "attention weights nearly equal: remove one of them"
        )
    if not watch.summed:
        raise NotApplicableError("no attention is computed with a softmax of its own")
    wrong = [dim for dim in watch.summed if dim != 3]
    if wrong:
        raise CheckFailedError(
            f"the softmax of scores (batch, heads, query, key) is over dimension "
            f"{wrong[0]}: it should be over the keys, dim=-1"
        )


@check(needs=[steady])
def check_tokens_that_are_alike_stay_alike(case: ModelCase) -> None:
    """Catches attention whose heads are joined in the wrong order.

    For example `y.reshape(x.shape)` without a preceding `y.transpose(1, 2)`: the values
    of one token are then spread over several. The check gives each layer identical
    tokens; whatever they attend to, the layer has to return identical ones.

    If it fails, look at every `transpose`, `permute` and `view` of the named layer.
    """
    with AttentionWatch() as watch:
        outputs_of(case.model(training=True), case.batch(ROWS))
    probe = Probe(case, ROWS)
    for name, layer in layers_over_tokens(probe, watch.lengths - {ROWS}):
        spread = _spread_of_alike(probe, layer)
        if not spread < 1e-9:
            raise CheckFailedError(
                f"given identical tokens, {name} returns tokens that differ (by up to "
                f"{spread:.2g} of their size): is the heads' output transposed before "
                "it is flattened?"
            )


@check(needs=[numbers])
def check_attention_combines_what_is_apart(case: ModelCase) -> None:
    """Catches attention over the wrong dimension, so that features never interact.

    For example attention over the heads of each feature: the output is then a sum of
    the effects of single features. The joint effect of two features, or of the opposite
    corners of an image, has to differ from that sum. If the model reads a class token,
    no feature or patch may have much more influence than the others, which would show
    that its row is read instead.

    If it fails, look at the shapes that attention is called with: the features or
    patches have to be the second-to-last dimension.
    """
    _require_row_of_class_token(case)
    with AttentionWatch() as watch:
        outputs_of(case.model(training=True), case.batch())
    if not watch.lengths:
        raise NotApplicableError("nothing attends to anything")
    probe = Probe(case)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    for name in case.numbers:
        column = probe.inputs[name].double()
        first, last = torch.zeros_like(column), torch.zeros_like(column)
        first.flatten(1)[:, 0], last.flatten(1)[:, -1] = 1.0, 1.0
        none, one, other, both = (
            probe({**probe.inputs, name: column + a * first + b * last})
            for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))
        )
        if not probe.differs(one + other, both + none).any():
            raise CheckFailedError(
                f"the output is the sum of the separate effects of the first and the "
                f"last of {name}, although there is attention: does it run over the "
                "heads, or over the values of one position?"
            )


def _require_row_of_class_token(case: ModelCase) -> None:
    """Fails if the first or last number has much more influence than the others."""
    names = [name for name, _ in case.model().named_parameters()]
    if len(case.numbers) != 1 or not any(_CLASS_TOKEN.search(name) for name in names):
        return
    (name,), total = case.numbers, torch.zeros(())
    for seed in range(_CLASS_TOKEN_SEEDS):
        model, inputs = case.model(seed=seed), case.inputs(8, seed)
        column = inputs[name].requires_grad_()
        outputs = outputs_of(model, inputs)
        main = outputs[output_name(outputs)]
        torch.manual_seed(seed)
        compute_gradients((main * torch.randn_like(main)).sum())
        if column.grad is None:
            return
        total = total + column.grad.square().sum(0).flatten()
    influence = total.sqrt()
    for place, number in (("first", influence[0]), ("last", influence[-1])):
        if number > _MUCH_MORE * influence.median():
            raise CheckFailedError(
                f"the {place} of {name} has {number / influence.median():.0f} times as "
                "much influence as others have: is its row read in place of the class "
                "token's?"
            )


def _spread_of_alike(probe: Probe, layer: nn.Module) -> float:
    """Returns how much a layer's outputs differ between tokens with equal inputs."""
    spread = 0.0

    def make_alike(module: nn.Module, args: Any) -> Any:
        return tuple(
            a[:, :1].expand_as(a).contiguous() if is_hidden(a) else a for a in args
        )

    def measure(module: nn.Module, args: Any, output: Any) -> None:
        nonlocal spread
        first = (output[0] if isinstance(output, tuple) else output).detach()
        scale = first.abs().max().item() or 1.0
        spread = (first - first[:, :1]).abs().max().item() / scale

    handles = [
        layer.register_forward_pre_hook(make_alike),
        layer.register_forward_hook(measure),
    ]
    probe(probe.inputs)
    for handle in handles:
        handle.remove()
    return spread
