"""Writes a text, token by token: a target, or a continuation."""

from collections.abc import Callable, Mapping, Sequence

import torch
from tokenizers import Tokenizer

from oumi_runtime.core.models.sampling import Choose, likeliest


@torch.no_grad()
def written_target(
    model: Callable[..., Mapping[str, torch.Tensor]],
    inputs: Mapping[str, torch.Tensor],
    length: int,
    *,
    choose: Choose = likeliest,
    stops_early: bool = False,
) -> torch.Tensor:
    """Writes a target for each source of a batch.

    Args:
        model: Its forward takes the inputs and `decoder_input_ids`, which begin with 0,
            and returns `logits` (batch, sequence, vocabulary).
        inputs: A batch without labels, `input_ids` among them.
        length: Tokens to write; a token 0 ends a target, and what follows it means
            nothing.
        choose: Chooses each token.
        stops_early: Whether to stop once all targets have ended. Processes that share
            a model must not: each has to run it equally often.

    Returns:
        Token ids, (batch, length) int64; fewer if it has stopped early.
    """
    ids = inputs["input_ids"].new_zeros(len(inputs["input_ids"]), 1)
    rows = range(len(ids))
    for place in range(length):
        logits = model(**inputs, decoder_input_ids=ids)["logits"]
        tokens = choose(logits[:, -1], rows, place).to(ids.device)
        ids = torch.cat([ids, tokens.unsqueeze(1)], dim=1)
        if stops_early and (ids[:, 1:] == 0).any(dim=1).all():
            break
    return ids[:, 1:]


def target_texts(rows: torch.Tensor, tokenizer: Tokenizer) -> list[str]:
    """Decodes targets, each up to its first id of 0 or less.

    Args:
        rows: Token ids, (batch, length) int64.
        tokenizer: The tokenizer of the targets.
    """
    ended = ((rows <= 0).cumsum(dim=1) > 0).tolist()
    kept = [
        [token for token, is_after in zip(row, after, strict=True) if not is_after]
        for row, after in zip(rows.tolist(), ended, strict=True)
    ]
    return tokenizer.decode_batch(kept)


@torch.no_grad()
def continuation(
    model: Callable[..., Mapping[str, torch.Tensor]],
    inputs: Mapping[str, torch.Tensor],
    length: int,
    *,
    end_id: int,
    max_length: int,
    choose: Choose = likeliest,
) -> list[list[int]]:
    """Continues each prompt of a batch.

    Padding comes last, where a causal model does not see it, so a continuation does not
    depend on the other prompts.

    Args:
        model: A causal language model: its forward takes `input_ids`, and an
            `attention_mask` if the inputs have one, and returns `logits` (batch,
            sequence, vocabulary).
        inputs: `input_ids` (batch, sequence) int64, and if they are padded, the
            `attention_mask` (batch, sequence). An empty prompt becomes `end_id`.
        length: The maximum number of tokens to write.
        end_id: The token that ends a text.
        max_length: The number of tokens that the model sees at most: the latest ones.
        choose: Chooses each token.

    Returns:
        The new token ids of each prompt, without the end.
    """
    prompts, mask = inputs["input_ids"], inputs.get("attention_mask")
    sizes = (torch.ones_like(prompts) if mask is None else mask).sum(dim=1)
    rows = [
        row[:size] or [end_id]
        for row, size in zip(prompts.tolist(), sizes.tolist(), strict=True)
    ]
    written: list[list[int]] = [[] for _ in rows]
    going_on = list(range(len(rows)))
    for place in range(length):
        if not going_on:
            break
        seen = [(rows[row] + written[row])[-max_length:] for row in going_on]
        batch = _padded(seen, end_id, prompts.device)
        if mask is None:
            del batch["attention_mask"]
        logits = model(**batch)["logits"]
        last = torch.tensor([len(each) - 1 for each in seen], device=logits.device)
        ends = logits[torch.arange(len(seen), device=logits.device), last]
        tokens = choose(ends, going_on, place)
        for row, token in zip(tuple(going_on), tokens.tolist(), strict=True):
            if token == end_id:
                going_on.remove(row)
            else:
                written[row].append(token)
    return written


def _padded(
    rows: Sequence[Sequence[int]], pad_id: int, device: torch.device
) -> dict[str, torch.Tensor]:
    longest = max(map(len, rows))
    ids = [[*row, *[pad_id] * (longest - len(row))] for row in rows]
    mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
    return {
        "input_ids": torch.tensor(ids, device=device),
        "attention_mask": torch.tensor(mask, device=device),
    }
