"""Checks of padding, of empty texts, and that causal models do not look ahead."""

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase, Tokens
from oumi_runtime.testing.checks.attending import attention
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    compute_gradients,
    other_tokens,
    outputs_of,
    perturbed,
    require_equal,
)
from oumi_runtime.testing.needs import masked_tokens, steady, token_ids

_QUESTION = "is attention_mask used where the sequence is pooled or attended to?"


@check(needs=[masked_tokens, steady])
def check_padding_does_not_matter(case: ModelCase) -> None:
    """Catches a model that reads the positions that `attention_mask` excludes.

    For example a mean over all positions, attention without its mask, or a mask that is
    off by one.

    If it fails, look at every mean, max and attention over the sequence: each needs the
    mask, and a mean divides by the number of tokens, not by the length.
    """
    for tokens in case.tokens:
        if tokens.mask is not None:
            _require_no_padding_seen(case, tokens, tokens.mask)
            if not attention(case) or _must_be_masked_before(case):
                _require_no_padding_before(case, tokens, tokens.mask)


@check(needs=[masked_tokens])
def check_text_without_tokens_is_finite(case: ModelCase) -> None:
    """Catches a division by zero if a text has no tokens.

    For example a mean over the tokens of an empty text, or a softmax over positions
    that are all excluded: the NaN spreads to every weight.

    If it fails, clamp the number of tokens to at least 1, and look at what attention
    does with a mask row that is all False.
    """
    batch, model = case.batch(), perturbed(case.model(training=True))
    for tokens in case.tokens:
        if tokens.mask:
            batch[tokens.mask] = batch[tokens.mask].clone()
            batch[tokens.mask][0] = 0
    outputs = outputs_of(model, batch)
    for name, value in outputs.items():
        if value.is_floating_point() and value.isnan().any():
            raise CheckFailedError(
                f"{name} contains NaN if a text has no tokens (its attention_mask is "
                "all 0): divide by at least 1, and avoid a softmax over only excluded "
                "positions"
            )
    compute_gradients(outputs["loss"])
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and not parameter.grad.isfinite().all():
            raise CheckFailedError(
                f"the gradient of {name} is not finite if a text has no tokens"
            )


@check(needs=[token_ids])
def check_future_is_not_seen(case: ModelCase) -> None:
    """Catches a model that sees the next token, which it should predict.

    For example attention without `is_causal=True`, a mask that is off by one, or a
    convolution that is padded on both sides. It applies if the labels are the tokens
    themselves, or the next ones, and to the tokens that a decoder reads.

    If it fails, look at every attention mask: position t may see only 0 to t.
    """
    columns = [t.ids for t in case.tokens if t.ids.startswith("decoder_")]
    if case.label_shift is not None:
        columns += [case.tokens[0].ids]
    if not columns:
        raise NotApplicableError("the model does not predict the next token")
    for ids in columns:
        _require_causal(case, ids)


def _require_causal(case: ModelCase, ids: str) -> None:
    probe = Probe(case)
    column, usual = probe.inputs[ids], probe(probe.inputs)
    if usual.shape[:2] != column.shape:
        raise NotApplicableError("the output has no row for every position")
    counted = torch.ones_like(column).bool()
    for tokens in case.tokens:
        if tokens.ids == ids and tokens.mask:
            counted = probe.inputs[tokens.mask] > 0
    for position in range(1, column.shape[1]):
        changed = column.clone()
        changed[:, position:] = other_tokens(column)[:, position:]
        moved = probe.differs(usual, probe({**probe.inputs, ids: changed}))
        moved = moved.flatten(2).any(2) if moved.ndim > 2 else moved
        early = (moved & counted)[:, :position]
        if early.any():
            seen = int(early.any(0).nonzero()[-1])
            raise CheckFailedError(
                f"the output at position {seen} changes with {ids} at {position} and "
                "later: is every attention causal, and every convolution padded on the "
                "left only?"
            )


def _require_no_padding_seen(case: ModelCase, tokens: Tokens, mask_name: str) -> None:
    probe = Probe(case)
    inputs, ids = probe.inputs, probe.inputs[tokens.ids]
    mask, width = inputs[mask_name], ids.shape[1]
    shorter = mask.clone()
    shorter[:, max(1, width - width // 3) :] = 0
    # A row that begins with padding must not become all padding.
    mask = torch.where(shorter.any(dim=1, keepdim=True), shorter, mask)
    inputs = {**inputs, mask_name: mask}
    others = ids.flatten()[torch.randint(ids.numel(), ids.shape)]
    others = torch.where(others == ids, other_tokens(ids), others)
    changed = {**inputs, tokens.ids: torch.where(mask > 0, ids, others)}
    expected = _kept(probe(inputs), mask)
    require_equal(
        expected,
        _kept(probe(changed), mask),
        f"other padding tokens change the logits: {_QUESTION}",
    )
    full = torch.ones_like(mask)
    for given in (mask, full):  # A text may also have no padding before.
        inputs = {**probe.inputs, mask_name: given}
        expected = _kept(probe(inputs), given)
        try:
            longer = probe(_lengthened(inputs, tokens, mask_name, 3))
        except (IndexError, RuntimeError, ValueError):
            return  # It takes sequences of one length only.
        is_of_tokens = longer.ndim > 2 or expected.shape[-1] == width
        if is_of_tokens and longer.shape[1:2] == (width + 3,):
            longer = longer[:, :width]
        require_equal(
            expected,
            _kept(longer, given),
            f"three more padding tokens change the logits: {_QUESTION}",
        )


def _must_be_masked_before(case: ModelCase) -> bool:
    """Whether the model has to ignore padding before a text, as used in generation."""
    steps = (nn.RNNBase, nn.RNNCellBase)
    is_by_step = any(isinstance(m, steps) for m in case.model().modules())
    return case.label_shift is not None and not is_by_step


def _require_no_padding_before(case: ModelCase, tokens: Tokens, mask: str) -> None:
    """Fails if padding before a text changes its logits.

    Padding after a text proves nothing about causal attention, where no token sees
    it.
    """
    probe = Probe(case)
    ids = probe.inputs[tokens.ids]
    left = torch.ones_like(probe.inputs[mask])
    left[:, : ids.shape[1] // 3] = 0
    inputs = {**probe.inputs, mask: left}
    usual = probe(inputs)
    # Not the padding token itself: RoBERTa counts positions by it.
    others = other_tokens(torch.where(probe.inputs[mask] > 0, ids, ids[:, :1]))
    if not _is_by_position(usual, left):
        # The output for a whole text may be that of its first token, as in BERT.
        others[:, 0] = ids[:, 0]
    changed = {**inputs, tokens.ids: torch.where(left > 0, ids, others)}
    require_equal(
        _kept(usual, left),
        _kept(probe(changed), left),
        "other padding tokens before a text, as used in generation, change its logits: "
        f"{_QUESTION}",
    )


def _kept(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Returns the logits, without those of padding if there is one per token."""
    return logits[mask > 0] if _is_by_position(logits, mask) else logits


def _is_by_position(logits: torch.Tensor, tokens: torch.Tensor) -> bool:
    return logits.ndim > 2 and logits.shape[:2] == tokens.shape


def _lengthened(inputs: Batch, tokens: Tokens, mask: str, extra: int) -> Batch:
    """Returns the inputs with more padding at the end of every sequence."""
    shape = inputs[tokens.ids].shape
    prefix = mask.removesuffix("attention_mask")
    padding = {
        name: column.new_zeros((shape[0], extra, *column.shape[2:]))
        for name, column in inputs.items()
        if column.shape[:2] == shape and name.startswith(prefix)
    }
    # Some padding tokens are not 0.
    padding[tokens.ids] += inputs[tokens.ids][:, :1]
    longer = {name: torch.cat([inputs[name], padding[name]], 1) for name in padding}
    return {**inputs, **longer}
