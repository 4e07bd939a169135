"""Checks of forward's arguments and results: keys, shapes, sizes, extra columns."""

import torch

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.docstrings import documented_start
from oumi_runtime.testing.failures import CheckFailedError, described
from oumi_runtime.testing.measuring import (
    Probe,
    logits_of,
    loss_of,
    other_tokens,
    output_name,
    outputs_of,
    require_equal,
)
from oumi_runtime.testing.needs import decoder_ids, optional_mask
from oumi_runtime.testing.needs import labels as labels_needed

_DECODER_IDS = "decoder_input_ids"
_MOST_STARTS = 64


@check()
def check_logits_are_one_row_per_sample(case: ModelCase) -> None:
    """Catches an output whose first dimension is not the batch.

    For example a reshape that mixes the samples with the positions.

    If it fails, look at every `view`, `reshape`, `flatten` and `squeeze` in forward,
    starting with the one nearest to the output.
    """
    for batch_size in (3, 1):
        outputs = outputs_of(case.model(), case.inputs(batch_size))
        if outputs.keys() == {"loss"} and not case.is_self_supervised:
            raise CheckFailedError("forward returns no 'logits' in its dict")
        name = output_name(outputs)
        is_named = name in ("logits", "embeddings")
        if not is_named and case.labels is not None and case.labels.ndim == 1:
            raise CheckFailedError(
                f"forward returns no 'logits' in its dict, but {', '.join(outputs)}: "
                "metrics look for them under this name"
            )
        shape = tuple(logits_of(case.model(), case.inputs(batch_size)).shape)
        if shape[:1] != (batch_size,):
            raise CheckFailedError(
                f"{name} of {batch_size} samples have the shape {shape}; the first "
                f"dimension must be {batch_size}: is a reshape mixing samples with "
                "other dimensions, or a squeeze dropping a batch of one?"
            )


@check()
def check_outputs_are_named_tensors(case: ModelCase) -> None:
    """Catches outputs that are not all tensors, or that differ between modes.

    For example a loss that was converted to a float, or logits that are missing in
    training, so that no metric can be computed.

    If it fails, look at the `return` statements of forward.
    """
    names: dict[bool, list[str]] = {}
    for training in (True, False):
        outputs = outputs_of(case.model(training=training), case.batch())
        names[training] = sorted(outputs)
        for name, value in outputs.items():
            if not isinstance(value, torch.Tensor):
                raise CheckFailedError(
                    f"forward returns {name!r} as a {type(value).__name__}, but must "
                    "return tensors only"
                )
    if names[True] != names[False]:
        raise CheckFailedError(
            f"forward returns {', '.join(names[True])} while training, but "
            f"{', '.join(names[False])} in evaluation"
        )


@check()
def check_loss_only_with_labels(case: ModelCase) -> None:
    """Catches a loss that is missing, not a scalar, not finite, or unrequested.

    For example `reduction="none"`, or a model that makes up labels if it has none.

    If it fails, look at the lines after `if labels is None`.
    """
    model, batch = case.model(), case.batch()
    rest = {k: v for k, v in batch.items() if k not in case.targets}
    try:
        outputs = outputs_of(model, rest)
    except (RuntimeError, TypeError, ValueError):
        if not case.is_teacher_forced:  # A decoder may have nothing else to read.
            raise
        outputs = {}
    if case.targets and "loss" in outputs:
        raise CheckFailedError("forward returns a loss although it received no labels")
    loss_of(model, batch)
    loss_of(model.train(), case.batch())


@check(needs=[labels_needed])
def check_logits_do_not_know_the_labels(case: ModelCase) -> None:
    """Catches outputs that depend on the labels, or on whether there are any.

    For example logits that are flattened for the loss and then returned in that shape,
    or labels that are fed to a layer. A decoder may read the labels before a position
    (teacher forcing), but not the label at that position or after it.

    If it fails, look at what happens to the logits under `if labels is not None`, and
    at every use of `labels`.
    """
    probe, labels = Probe(case), case.batch()["labels"]
    given = probe({**probe.inputs, "labels": labels})
    if not case.is_teacher_forced:
        require_equal(
            probe(probe.inputs),
            given,
            "the output with labels differs from the output without: is it reshaped "
            "for the loss and then returned, or computed from the labels?",
        )
        return
    for position in range(labels.shape[1]):
        changed = labels.clone()
        changed[:, position] = other_tokens(labels)[:, position]
        found = probe({**probe.inputs, "labels": changed})
        if probe.differs(given, found)[:, : position + 1].any():
            raise CheckFailedError(
                f"the output up to position {position} changes with the label at that "
                "position: a decoder must read the labels shifted by one, with causal "
                "attention"
            )


@check(needs=[decoder_ids])
def check_decoder_reads_the_labels_shifted_by_one(case: ModelCase) -> None:
    """Catches a decoder whose input labels have a wrong shift, or a wrong start token.

    For example `labels[:, :-2]`, or a start token other than the documented one: during
    generation, the decoder then gets inputs that it was never trained on.

    If it fails, make the decoder's input a start token followed by `labels[:, :-1]`.
    """
    probe, labels = Probe(case), case.batch()["labels"]
    inputs = {
        k: v for k, v in probe.inputs.items() if k not in ("labels", _DECODER_IDS)
    }
    usual = probe({**inputs, "labels": labels})
    starts = documented_start(case) or range(_MOST_STARTS)
    before = labels[:, :-1].clamp(min=0)
    for start in starts:
        ids = torch.cat([torch.full_like(labels[:, :1], start), before], dim=1)
        try:
            found = probe({**inputs, _DECODER_IDS: ids})
        except IndexError:
            break
        if found.shape == usual.shape and not probe.differs(usual, found).any():
            return
    first = starts[0] if len(starts) == 1 else "a start token"
    raise CheckFailedError(
        f"the output with labels differs from that with {_DECODER_IDS} of {first} and "
        "the previous labels: how are the labels shifted, and what is put in front?"
    )


@check()
def check_any_size_of_batch_works(case: ModelCase) -> None:
    """Catches a forward that works only for certain batch sizes or lengths.

    For example `squeeze()`, which removes the dimension of a batch of one sample or a
    text of one token; a fixed batch size in a `view`; or a length that must be even.

    If it fails, look at every `squeeze` (name its dimension) and at numbers in a
    `view`.
    """
    model = case.model()
    for batch_size in (1, 2, 5):
        loss_of(model, case.batch(batch_size))
    whole = case.inputs(5)
    lengths = {whole[tokens.ids].shape[1] for tokens in case.tokens}
    if len(lengths) != 1:
        return
    (length,) = lengths
    ids = case.tokens[0].ids
    usual = logits_of(model, whole)
    for shorter in sorted({1, 2, length - 1} - {0, length}):
        cut = {
            name: column[:, :shorter]
            if column.ndim > 1 and column.shape[1] == length
            else column
            for name, column in whole.items()
        }
        try:
            found = logits_of(model, cut)
        except (CheckFailedError, IndexError, RuntimeError, TypeError) as error:
            if _takes_one_length(case):
                return
            what = error if isinstance(error, CheckFailedError) else described(error)
            raise CheckFailedError(
                f"{ids} of {shorter} instead of {length} tokens: {what}"
            ) from error
        # Two dimensions are classes, or one number for each token.
        may_shrink = usual.ndim > 2 or found.shape == (5, shorter)
        expected = [
            shorter if axis == 1 and may_shrink and size == length else size
            for axis, size in enumerate(usual.shape)
        ]
        if list(found.shape) != expected:
            raise CheckFailedError(
                f"{ids} of shape (5, {shorter}) give an output of shape "
                f"{tuple(found.shape)}, not {tuple(expected)}: is there a squeeze "
                "without a dimension, or a fixed length, in forward?"
            )


@check()
def check_extra_columns_are_accepted(case: ModelCase) -> None:
    """Catches a forward that does not accept the extra columns of datasets.

    For example `token_type_ids`, or the name of a file. Trainers pass all columns.

    If it fails, add `**kwargs: Any` to forward, or use the column.
    """
    batch, model = case.batch(), case.model()
    columns = {"special_tokens_mask", "overflow_to_sample_mapping", "sample_number"}
    extra = {name: torch.zeros(4, dtype=torch.long) for name in columns - batch.keys()}
    try:
        found = outputs_of(model, {**batch, **extra})
    except TypeError as error:
        raise CheckFailedError(
            f"forward does not accept columns that it does not use: {error}; add "
            "**kwargs to it"
        ) from error
    usual = outputs_of(model, batch)
    name = output_name(usual)
    require_equal(
        usual[name], found[name], "a column of another name changes the output"
    )


@check(needs=[optional_mask])
def check_attention_mask_may_be_left_out(case: ModelCase) -> None:
    """Catches a model that does not treat a missing mask as a mask of ones.

    For example a default mask of zeros, or a mean over one dimension too many if there
    is no mask.

    If it fails, look at `if attention_mask is None`: without a mask every token counts.
    """
    probe = Probe(case)
    masks = {tokens.mask for tokens in case.tokens if tokens.mask}
    ones = {m: torch.ones_like(probe.inputs[m]) for m in masks}
    without = {k: v for k, v in probe.inputs.items() if k not in masks}
    require_equal(
        probe({**probe.inputs, **ones}),
        probe(without),
        "the output without attention_mask differs from that with a mask of ones",
    )


def _takes_one_length(case: ModelCase) -> bool:
    """Whether the model accepts texts of only one length, which is allowed."""
    model, inputs = case.model(), case.inputs(2)
    ids = inputs[case.tokens[0].ids]
    shortened = 0
    for length in range(2, ids.shape[1]):
        cut = {
            name: column[:, :length]
            if column.ndim > 1 and column.shape[1] == ids.shape[1]
            else column
            for name, column in inputs.items()
        }
        try:
            logits_of(model, cut)
            shortened += 1
        except (CheckFailedError, IndexError, RuntimeError, TypeError):
            continue
    return shortened == 0
