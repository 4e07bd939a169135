"""Finds out how a module takes the padding of texts, by trying."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from oumi_runtime.wrapping.batches import LENGTHS, padded

_LENGTHS_OF_TEXTS = (
    *("lengths", "text_lengths", "seq_lengths", "input_lengths", "src_lengths"),
    *("text_len", "seq_len", "src_len", "lens"),
)
MASKS = (
    *("attention_mask", "src_key_padding_mask", "key_padding_mask", "padding_mask"),
    *("pad_mask", "token_mask", "input_mask", "mask", *_LENGTHS_OF_TEXTS),
)
"""Names of a module's argument for a mask, or for the lengths of texts."""
SOURCE_MASKS = (
    *("src_padding_mask", "source_padding_mask", "src_pad_mask", *MASKS),
    *("source_mask", "src_mask", "encoder_mask", "enc_mask"),
)
"""Those of a module with a decoder, for the padding of the source."""
_UNCHANGED = 1e-4  # of the outputs' size

Call = Callable[..., torch.Tensor]
"""Returns the logits of token ids, and of further arguments by name."""


def no_padding(
    run: Callable[..., object], mask: str, ids: torch.Tensor
) -> dict[str, object]:
    """Returns the mask of texts without padding, of the first kind that runs."""
    kinds = list(kinds_of(mask, torch.ones_like(ids)).values())
    for value in kinds:
        with suppress(Exception):  # whatever the module says to a wrong mask
            run(ids, **{mask: value})
            return {mask: value}
    return {mask: kinds[0]}


def mask_kind_of(call: Call, mask: str, sizes: dict[str, int]) -> tuple[str, bool]:
    """Finds out which kind of mask makes a module ignore padding.

    Args:
        call: Runs the module.
        mask: The name of its argument.
        sizes: The sizes of the data.

    Returns:
        One of the kinds of `kinds_of`; `ids`, the padding has id 0; or nothing; and
        whether padding is ignored then.
    """
    ids, ones = padded(sizes)
    noise = torch.randint(1, sizes["vocab_size"], ids.shape)
    others = torch.where(ones == 1, ids, noise)
    works = ""
    for kind, value in kinds_of(mask, ones).items():
        with suppress(Exception):  # whatever the module says to a wrong mask
            given = call(ids, **{mask: value})
            works = works or kind
            changed = call(others, **{mask: value})
            if _are_same(given, changed) and _reads_tokens(call, ids, mask, value):
                return kind, True
    if not mask and _is_of_tokens_before(call, ids, others):
        return "", True
    if not works and _ignores_zeros(call, ids):
        return "ids", True
    return works, False


def kind_before_texts(call: Call, mask: str, sizes: dict[str, int]) -> str:
    """Finds out which kind of mask hides padding before texts from a causal module.

    Args:
        call: See `mask_kind_of`.
        mask: See `mask_kind_of`.
        sizes: The sizes of the data.

    Returns:
        The kind; nothing if there is none.
    """
    ids, ones = (column.flip(1) for column in padded(sizes))
    noise = torch.randint(1, sizes["vocab_size"], ids.shape)
    is_token = ones == 1
    for kind, value in kinds_of(mask, ones).items():
        with suppress(Exception):  # whatever the module says to a wrong mask
            given, padding_changed, tokens_changed = (
                call(each, **{mask: value})[is_token]
                for each in (
                    ids,
                    torch.where(is_token, ids, noise),
                    torch.where(is_token, noise, ids),
                )
            )
            is_hidden = _are_same(given, padding_changed)
            if is_hidden and not _are_same(given, tokens_changed):
                return kind
    return ""


def kinds_of(mask: str, ones: torch.Tensor) -> dict[str, torch.Tensor]:
    """Returns masks of all kinds, the one that the name tells of first.

    Args:
        mask: The name of the module's argument.
        ones: 1 for tokens and 0 for padding, (batch, sequence) int64.

    Returns:
        `ones`, as they are; `bool`, True for tokens; `padding`, True for padding;
        `queries` and `heads`, True for tokens, with dimensions for the tokens that
        attend, and for heads; or `lengths`, (batch,), alone. None without a name.
    """
    if not mask:
        return {}
    if mask in _LENGTHS_OF_TEXTS:
        return {"lengths": ones.sum(dim=1).clamp(min=1)}
    kinds = {"ones": ones, "bool": ones.bool(), "padding": ones == 0}
    if "pad" in mask:
        kinds = dict(reversed(kinds.items()))
    visible = ones.bool().unsqueeze(1)
    return {**kinds, "queries": visible, "heads": visible.unsqueeze(1)}


def _reads_tokens(call: Call, ids: torch.Tensor, mask: str, value: Any) -> bool:
    """Whether the tokens of each text matter: a mask may hide them, not the padding."""
    other = ids.clone()
    other[:, : min(LENGTHS)] = ids[:, : min(LENGTHS)].flip(0)
    before, after = call(ids, **{mask: value}), call(other, **{mask: value})
    return bool(before.isfinite().all()) and not _are_same(before, after)


def _is_of_tokens_before(call: Call, ids: torch.Tensor, others: torch.Tensor) -> bool:
    """Whether each token has an output, which no padding after it changes."""
    one = call(ids)
    return one.dim() == 3 and _are_same(one, call(others))


def _ignores_zeros(call: Call, ids: torch.Tensor) -> bool:
    """Whether a module takes id 0 for padding: more of it changes nothing."""
    longer = torch.cat([ids, torch.zeros_like(ids)], dim=1)
    return _are_same(call(ids), call(longer))


def _are_same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether logits are the same, of tokens those of each text's first ones."""
    if one.dim() == 3:
        one, other = one[:, : min(LENGTHS)], other[:, : min(LENGTHS)]
    scale = one.abs().amax().clamp(min=1e-6)
    return bool(((one - other).abs().amax() / scale) < _UNCHANGED)
