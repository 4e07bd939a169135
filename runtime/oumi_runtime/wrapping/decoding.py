"""Masks that keep a decoder from seeing the tokens that it has to predict."""

import torch

Kinds = dict[str, torch.Tensor | None]


def later_masks(targets: torch.Tensor) -> Kinds:
    """Returns all kinds of such masks, the usual ones of torch first.

    Args:
        targets: (batch, length) int64.

    Returns:
        `hidden`, True for later tokens, (length, length); `visible`, True for the
        others; `batched`, the same as (1, length, length); `added`, -inf for later
        tokens and 0 for the others.
    """
    length = targets.shape[1]
    hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
    return {
        "hidden": hidden,
        "visible": ~hidden,
        "batched": ~hidden.unsqueeze(0),
        "added": torch.zeros(length, length).masked_fill(hidden, -torch.inf),
    }


def changed_from_half(ids: torch.Tensor) -> torch.Tensor:
    """Returns texts of which the second half is that of other samples."""
    half = ids.shape[1] // 2
    return torch.cat([ids[:, :half], ids[:, half:].roll(1, 0)], dim=1)


def sees_no_later(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether the logits before the half are the same, of texts changed after it."""
    half = one.shape[1] // 2
    one, other = one[:, :half], other[:, :half]
    return torch.allclose(one, other, atol=1e-4 * float(one.abs().max() + 1))


def sees_own(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether the logits at the half change with the token there, the last one seen."""
    half = one.shape[1] // 2
    return not torch.equal(one[:, half], other[:, half])
