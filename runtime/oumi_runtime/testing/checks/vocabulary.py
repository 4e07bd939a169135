"""Checks of token ids at and beyond the edges, and of the tables they index."""

import inspect
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import EMBEDDINGS
from oumi_runtime.testing.case import Batch, ModelCase, Tokens
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.docstrings import upper_bound
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import Probe, listing, logits_of, outputs_of
from oumi_runtime.testing.needs import class_logits, steady, token_ids

_DECODER_IDS = "decoder_input_ids"
_MOST_TOKENS = 256
_TOKENS_AT_ONCE = 16
_LENGTH_ARGUMENTS = (
    "max_length",
    "max_len",
    "max_seq_len",
    "max_seq_length",
    "max_position_embeddings",
    "max_positions",
    "block_size",
    "context_length",
    "sequence_length",
    "seq_len",
    "n_positions",
    "n_ctx",
)


@check(needs=[token_ids])
def check_ids_out_of_range_are_refused(case: ModelCase) -> None:
    """Catches ids that are forced into the vocabulary, and a vocabulary one too small.

    For example `input_ids.clamp(max=vocab_size - 1)` or `% vocab_size`, with which a
    wrong tokenizer silently gives a model that learns nothing; or
    `nn.Embedding(vocab_size - 1)`.

    If it fails, look the ids up unchanged: the embedding raises an error by itself.
    """
    for tokens in case.tokens:
        rows = _vocabulary(case, tokens.ids)
        if rows is None:
            raise NotApplicableError(f"{tokens.ids} is not looked up in an embedding")
        inputs, model = case.inputs(2), case.model()
        last = inputs[tokens.ids].clone()
        last[0, 0] = rows - 1
        if case.is_teacher_forced and _takes_decoder_ids(case):
            _require_refusal(model, inputs, _DECODER_IDS, torch.zeros_like(last), rows)
        try:
            logits_of(model, {**inputs, tokens.ids: last})
        except (IndexError, RuntimeError) as error:
            raise CheckFailedError(
                f"{tokens.ids} of {rows - 1}, the last one of the vocabulary: "
                f"{described(error)}"
            ) from error
        _require_refusal(model, inputs, tokens.ids, last, rows)


@check(needs=[class_logits])
def check_labels_out_of_range_are_refused(case: ModelCase) -> None:
    """Catches labels that are forced into the classes, or silently ignored.

    For example `labels.clamp(max=num_classes - 1)`, with which a wrong number of
    classes silently gives a model that learns nothing.

    If it fails, pass the labels to the criterion unchanged: cross-entropy raises an
    error by itself.
    """
    batch, model = case.batch(), case.model()
    classes = outputs_of(model, batch)["logits"].shape[-1]
    beyond = batch["labels"].clone()
    counted = beyond >= 0
    if case.is_teacher_forced:
        # A decoder that is taught by labels reads all of them but the last.
        counted[:, :-1] = False
    if not counted.any() or case.ignore_index == classes or classes < 2:
        raise NotApplicableError("no last label counts, or there is one logit")
    beyond[counted] = classes
    try:
        loss = outputs_of(model, {**batch, "labels": beyond})["loss"]
    except (IndexError, RuntimeError, ValueError):
        return
    raise CheckFailedError(
        f"the label {classes} is accepted (the loss is {loss.item():.3g}), although "
        f"the classes are 0 to {classes - 1}: are labels clamped, or ignored?"
    )


@check(needs=[token_ids])
def check_whole_length_can_be_used(case: ModelCase) -> None:
    """Catches a table of positions that is shorter than the constructor promises.

    For example positions that start at 1, so that the last one is beyond the table.

    If it fails, look at the size of the table and at the first position.
    """
    arguments = getattr(case.model(), "init_kwargs", {})
    names = [n for n in _LENGTH_ARGUMENTS if isinstance(arguments.get(n), int)]
    if not names:
        raise NotApplicableError("the constructor has no argument for a maximum length")
    length = arguments[names[0]]
    if length > 4096:
        raise NotApplicableError(f"{names[0]} is {length}: make a smaller model")
    inputs = case.inputs(2)
    try:
        logits_of(case.model(), _of_length(inputs, case.tokens[0].ids, length))
    except (IndexError, RuntimeError, ValueError) as error:
        raise CheckFailedError(
            f"{names[0]} is {length}, but with that many tokens {described(error)}"
        ) from error


@check(needs=[token_ids])
def check_every_token_has_a_row_that_learns(case: ModelCase) -> None:
    """Catches a wrong `padding_idx`, with which a token is never learned.

    For example `padding_idx=1` if texts are padded with 0: the row of token 1 then gets
    no gradient.

    If it fails, use the tokenizer's padding id, or no `padding_idx` at all.
    """
    model = case.model()
    for tokens in case.tokens:
        batches = [case.batch(16, seed) for seed in range(4)]
        ids = torch.cat([batch[tokens.ids].flatten() for batch in batches])
        counted = torch.ones_like(ids).bool()
        if tokens.mask:
            counted = torch.cat([b[tokens.mask].flatten() for b in batches]) > 0
        with _lookups(model) as looked_up, torch.no_grad():
            outputs_of(model, batches[0])
        wanted = batches[0][tokens.ids].flatten()
        for name, _, found in looked_up:
            row = model.get_submodule(name).padding_idx
            if row is None or not (found.shape == wanted.shape and found.equal(wanted)):
                continue
            padding, elsewhere = set(ids[~counted].tolist()), set(ids.tolist())
            if row not in padding and (padding or row in elsewhere):
                filled = f"texts are padded with {min(padding)}, and " * bool(padding)
                raise CheckFailedError(
                    f"{filled}{row} is an ordinary token, but it is the padding_idx of "
                    f"{name}, which therefore never learns it"
                )


@check(needs=[token_ids, steady])
def check_tokens_are_told_apart(case: ModelCase) -> None:
    """Catches tokens that the model does not distinguish.

    For example `input_ids.clamp(max=500)`, or ids taken modulo a number. The check
    starts a text with each id of the vocabulary, and compares the outputs.

    If it fails, look at what happens to the ids before they are looked up.
    """
    for tokens in case.tokens:
        rows = _vocabulary(case, tokens.ids)
        if rows is None:
            raise NotApplicableError(f"{tokens.ids} is not looked up in an embedding")
        ids = torch.randperm(rows)[:_MOST_TOKENS]
        draws = [_outputs_by_token(case, tokens, ids, seed) for seed in range(4)]
        groups: dict[bytes, list[int]] = {}
        for token, row in zip(ids.tolist(), torch.cat(draws, dim=1), strict=True):
            groups.setdefault(row.numpy().tobytes(), []).append(token)
        largest = max(groups.values(), key=len)
        if len(largest) > 1:
            alike = listing([str(token) for token in sorted(largest)])
            raise CheckFailedError(
                f"{tokens.ids} of {alike} give the same output: are ids clamped, or "
                "mapped to others?"
            )


@check()
def check_tables_are_looked_up_at_different_rows(case: ModelCase) -> None:
    """Catches an embedding that returns the same row for every position.

    For example positions that are all zero, or token types used as positions.

    If it fails, look at the ids that the named embedding is called with.
    """
    model = case.model()
    with _lookups(model) as looked_up, torch.no_grad():
        outputs_of(model, case.batch(16))
    for name, rows, ids in looked_up:
        if rows > 2 and ids.numel() > 2 and ids.eq(ids[0]).all():
            raise CheckFailedError(
                f"{name} is looked up only at row {int(ids[0])}, whatever the position "
                "and the sample: is it called with the right ids?"
            )


def _outputs_by_token(
    case: ModelCase, tokens: Tokens, ids: torch.Tensor, seed: int
) -> torch.Tensor:
    """Returns the output for a text that begins with each id, (ids, ...)."""
    probe = Probe(case, 2, seed)
    outputs: list[torch.Tensor] = []
    for some in torch.split(ids, _TOKENS_AT_ONCE):
        inputs = {
            name: column[:1].expand(len(some), *column.shape[1:]).clone()
            for name, column in probe.inputs.items()
        }
        inputs[tokens.ids][:, 0] = some
        if tokens.mask:
            inputs[tokens.mask] = torch.ones_like(inputs[tokens.mask])
        found = probe(inputs)
        # Logits of every position are large, if the vocabulary is.
        outputs.append(found[:, 0].clone() if found.ndim > 2 else found)
    return torch.cat(outputs).flatten(1)


def _require_refusal(
    model: nn.Module, inputs: Batch, name: str, ids: torch.Tensor, rows: int
) -> None:
    """Fails if ids beyond the vocabulary are accepted."""
    inputs = {k: v for k, v in inputs.items() if k != "labels" or name == "labels"}
    for wrong in (rows, -1):
        beyond = ids.clone()
        beyond[0, 0] = wrong
        try:
            outputs_of(model, {**inputs, name: beyond})
        except (IndexError, RuntimeError, ValueError):
            continue
        raise CheckFailedError(
            f"{name} of {wrong} is accepted, although the vocabulary is 0 to "
            f"{rows - 1}: are ids clamped, or taken modulo the vocabulary?"
        )


def _takes_decoder_ids(case: ModelCase) -> bool:
    return _DECODER_IDS in inspect.signature(case.make_model_class.forward).parameters


def _vocabulary(case: ModelCase, ids: str) -> int | None:
    """Returns the number of ids, from the docstring or the embedding's size."""
    documented = upper_bound(case, ids)
    if documented is not None:
        return documented
    model, inputs = case.model(), case.inputs(2)
    with _lookups(model) as looked_up, torch.no_grad():
        outputs_of(model, inputs)
    wanted = inputs[ids].flatten()
    for _, rows, found in looked_up:
        if found.numel() == wanted.numel() and found.equal(wanted):
            return rows
    # The ids may have been changed before the lookup.
    tables = {n: rows for n, rows, found in looked_up if found.shape == wanted.shape}
    return tables.popitem()[1] if len(tables) == 1 else None


def _of_length(inputs: Batch, ids: str, length: int) -> Batch:
    """Returns the inputs repeated or cut to a number of tokens."""
    usual = inputs[ids].shape[1]
    places = torch.arange(length) % usual
    return {
        name: column[:, places]
        if column.ndim > 1 and column.shape[1] == usual
        else column
        for name, column in inputs.items()
    }


@contextmanager
def _lookups(model: nn.Module) -> Generator[list[tuple[str, int, torch.Tensor]]]:
    """Records each lookup: the embedding's name and size, and the ids."""
    found: list[tuple[str, int, torch.Tensor]] = []

    def noting(name: str, rows: int) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> None:
            found.append((name, rows, args[0].detach().flatten()))

        return hook

    handles = [
        module.register_forward_pre_hook(noting(name, module.num_embeddings))
        for name, module in model.named_modules()
        if isinstance(module, EMBEDDINGS)
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
