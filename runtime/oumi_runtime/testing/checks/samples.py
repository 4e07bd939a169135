"""Checks that an output depends on its sample: on all of it, and on no other."""

from collections import Counter

import torch

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    listing,
    loss_of,
    other_tokens,
    require_equal,
)
from oumi_runtime.testing.needs import token_ids

_ROWS = 4
_SEEDS = 4


@check()
def check_samples_do_not_see_each_other(case: ModelCase) -> None:
    """Catches a model in which a sample's output depends on the batch it is in.

    For example statistics over the batch, or a softmax over the wrong dimension. It is
    found by changing the other samples, which shows what a gradient does not, such as a
    detached mean.

    If it fails, look for an operation over dimension 0, and for a `view` that moves
    elements from one sample to the next.
    """
    probe = Probe(case, _ROWS)
    together = probe(probe.inputs)
    for row in range(_ROWS):
        one = {name: column[row : row + 1] for name, column in probe.inputs.items()}
        require_equal(
            probe(one),
            together[row : row + 1],
            "a sample's logits differ between a batch of its own and one of four: does "
            "an operation run over the batch dimension?",
        )
    others = case.inputs(_ROWS, seed=99)
    for row in range(_ROWS):
        mixed = {name: column.clone() for name, column in others.items()}
        for name, column in mixed.items():
            if column.shape != probe.inputs[name].shape:
                return  # Another length, which a batch of other samples may have.
            column[row] = probe.inputs[name][row]
        if probe.differs(together, probe(mixed))[row].any():
            raise CheckFailedError(
                "a sample's logits change with the other samples of its batch: does an "
                "operation run over the batch dimension?"
            )


@check()
def check_permuted_samples_permute_the_outputs(case: ModelCase) -> None:
    """Catches a model that treats a sample by its place in the batch.

    For example a `view(-1, batch)` in place of a transpose, or outputs that come sorted
    by length.

    If it fails, look for a `sort`, for indexing by row, and for a `view` in place of a
    transpose.
    """
    probe, order = Probe(case, 5), torch.tensor([3, 0, 4, 2, 1])
    shuffled = {name: column[order] for name, column in probe.inputs.items()}
    require_equal(
        probe(probe.inputs)[order],
        probe(shuffled),
        "samples in another order do not give the same outputs in that order",
    )


@check()
def check_every_input_matters(case: ModelCase) -> None:
    """Catches a part of the input that the output does not depend on.

    For example the last token of every text, lost by a mask that is one too short; the
    second channel of an image; a feature that is sliced off; a mask the wrong way
    round.

    If it fails, look for slices (`[:, 1:]`, `[:, :-1]`), for masks that are shifted,
    and for a `detach` that is none: the named part does not change the output at all.
    """
    for tokens in case.tokens:
        unread = _unread_tokens(case, tokens.ids, tokens.mask)
        if unread:
            raise CheckFailedError(
                f"{tokens.ids} at {listing(unread)} has no influence on the output, "
                "though the mask does not exclude it: is the mask shifted or turned "
                "round, or a position sliced off?"
            )
    for name in case.numbers:
        for axis in range(1, case.sample[name].ndim):
            idle = _unread_numbers(case, name, axis)
            size = case.sample[name].shape[axis]
            # A convolution may leave out the border of an image, and strides more.
            allowed = 0 if axis == 1 else size // 3
            if len(idle) > allowed:
                raise CheckFailedError(
                    f"{name}[{', '.join([':'] * axis)}, {idle[0]}] has no influence "
                    f"on the output ({len(idle)} of {size} do not): is it sliced "
                    "off, or multiplied by zero?"
                )
        if _are_signs_unread(case, name):
            raise CheckFailedError(f"the signs of {name} have no influence")
        for which in ("smallest", "largest"):
            if _is_unread_quarter(case, name, which == "smallest"):
                raise CheckFailedError(
                    f"small changes of the {which} quarter of the numbers of {name} "
                    "have no influence: are they clamped, rounded or cast?"
                )


@check(needs=[token_ids])
def check_every_position_reads_its_own_token(case: ModelCase) -> None:
    """Catches outputs that are one position off.

    For example logits that are shifted once more, or a convolution padded by one too
    many: the output at a token's place is another token's. It applies where the labels
    are of tokens.

    If it fails, look at every slice, pad and roll along the sequence.
    """
    for seed in range(2):
        probe = Probe(case, 2 * _ROWS, seed)
        for tokens in case.tokens:
            column, usual = probe.inputs[tokens.ids], probe(probe.inputs)
            is_by_token = (
                not case.is_teacher_forced
                and case.labels is not None
                and case.labels.shape[1:] == column.shape[1:] == usual.shape[1:2]
            )
            if not is_by_token or usual.ndim < 3:
                raise NotApplicableError("the labels are not of tokens")
            _require_no_copies(usual)
            counted = probe.inputs[tokens.mask] > 0 if tokens.mask else column >= 0
            others = other_tokens(column)
            unread: list[str] = []
            for place in range(column.shape[1]):
                changed = column.clone()
                changed[:, place] = others[:, place]
                found = probe({**probe.inputs, tokens.ids: changed})
                moved = probe.differs(usual, found)[:, place].flatten(1).any(1)
                tried = counted[:, place] & (changed != column)[:, place]
                if tried.any() and not moved[tried].any():
                    unread.append(str(place))
        if not unread:
            return
    raise CheckFailedError(
        f"the output at position {listing(unread)} does not change with the token "
        "there: are the outputs shifted against the tokens?"
    )


@check()
def check_inputs_are_not_changed(case: ModelCase) -> None:
    """Catches a forward that writes into the tensors it is given.

    For example `labels[labels == pad] = -100` or `images.div_(255)`: the next epoch
    gets what this one left. Writing counts, even if it changes nothing in this batch.

    If it fails, look for methods that end in `_` and for assignments to an index; use
    `masked_fill` and `torch.where`.
    """
    for training in (True, False):
        batch = case.batch()
        versions = {name: column._version for name, column in batch.items()}
        loss_of(case.model(training=training), batch)
        for name, version in versions.items():
            if batch[name]._version != version:
                raise CheckFailedError(
                    f"forward changes {name} in place: is there a method that ends in "
                    "_, or an assignment to a part of it?"
                )


def _unread_tokens(case: ModelCase, ids: str, mask: str | None) -> list[str]:
    """The places of tokens that change nothing, whatever they are changed to.

    They are counted from the beginning and from the end, since texts of a batch differ
    in length.
    """
    tried, moved, unread = Counter[str](), set[str](), list[str]()
    for seed in range(2 * _SEEDS):
        probe = Probe(case, 2 * _ROWS, seed)
        inputs = probe.inputs
        if mask and seed % 2:  # Every other time no text has padding.
            inputs = {**inputs, mask: torch.ones_like(inputs[mask])}
        usual, column = probe(inputs), inputs[ids]
        allowed = inputs[mask] > 0 if mask else torch.ones_like(column).bool()
        others = other_tokens(column, seed + 1)
        for position in range(column.shape[1]):
            changed = column.clone()
            changed[:, position] = others[:, position]
            found = probe.differs(usual, probe({**inputs, ids: changed}))
            read = found.flatten(1).any(1)
            for row in (allowed & (changed != column))[:, position].nonzero().flatten():
                end = position - int(allowed[row].sum())
                names = [f"position {position}"]
                if end and mask and seed % 2 == 0:
                    names.append(f"position {end} of a padded text")
                tried.update(names)
                moved.update(names if read[row] else ())
        unread = [name for name in tried if name not in moved]
        if seed and not unread:
            return []
    return [name for name in unread if tried[name] >= _SEEDS]


def _are_signs_unread(case: ModelCase, name: str) -> bool:
    """Whether numbers and their negatives give the same outputs."""
    probe = Probe(case, _ROWS)
    column = probe.inputs[name]
    found = probe({**probe.inputs, name: -column})
    return (
        bool((column < 0).any()) and not probe.differs(probe(probe.inputs), found).any()
    )


def _require_no_copies(outputs: torch.Tensor) -> None:
    """Fails where the outputs at one position are always those of the one before."""
    for place in range(1, outputs.shape[1]):
        if outputs[:, place].equal(outputs[:, place - 1]) and outputs.std() > 0:
            raise CheckFailedError(
                f"the output at position {place} is that at position {place - 1}, "
                "whatever the tokens: are the outputs shifted against the tokens?"
            )


def _is_unread_quarter(case: ModelCase, name: str, smaller: bool) -> bool:
    """Whether small changes of the smallest, or largest, numbers change nothing."""
    for seed in range(_SEEDS):
        probe = Probe(case, _ROWS, seed)
        column = probe.inputs[name]
        edge = column.flatten().quantile(0.25 if smaller else 0.75)
        chosen = column <= edge if smaller else column >= edge
        noise = 0.01 * column.std().nan_to_num(1.0) * torch.randn_like(column)
        changed = torch.where(chosen, column + noise, column)
        found = probe({**probe.inputs, name: changed})
        if probe.differs(probe(probe.inputs), found).any():
            return False
    return True


def _unread_numbers(case: ModelCase, name: str, axis: int) -> list[int]:
    """The indices along an axis at which other numbers change nothing."""
    idle: set[int] | None = None
    for seed in range(_SEEDS):
        probe = Probe(case, _ROWS, seed)
        usual, column = probe(probe.inputs), probe.inputs[name]
        others: Batch = {name: column + torch.randn_like(column)}
        found = set[int]()
        for index in range(column.shape[axis]) if idle is None else idle:
            changed = column.clone()
            place = (slice(None),) * axis + (index,)
            changed[place] = others[name][place]
            moved = probe.differs(usual, probe({**probe.inputs, name: changed}))
            if not moved.any():
                found.add(index)
        idle = found
        if not idle:
            return []
    return sorted(idle or ())
