"""Checks that every part of a sample is read, at its position."""

from collections import Counter

import torch

from oumi_runtime.testing.case import Batch, ModelCase, Tokens
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    listing,
    other_tokens,
)
from oumi_runtime.testing.needs import steady, token_ids

_ROWS = 4
_SEEDS = 4
_LONG = 100


@check()
def check_every_input_matters(case: ModelCase) -> None:
    """Catches a part of the input that the output does not depend on.

    For example the last token of every text, excluded by a mask that is one too short;
    the second channel of an image; a feature that is sliced off; an inverted mask.

    If it fails, look for slices (`[:, 1:]`, `[:, :-1]`), for shifted masks, and for
    multiplications by zero: the named part does not change the output at all.
    """
    for tokens in case.tokens:
        unread = _unread_tokens(case, tokens.ids, tokens.mask)
        if unread:
            raise CheckFailedError(
                f"{tokens.ids} at {listing(unread)} has no influence on the output, "
                "although the mask does not exclude it: is the mask shifted or "
                "inverted, or a position sliced off?"
            )
        if _is_end_unread(case, tokens):
            raise CheckFailedError(
                f"the last of {_LONG} {tokens.ids} has no influence on the output: are "
                "texts cut off at a hard-coded length?"
            )
    for name in case.categories:
        idle = _unread_categories(case, name)
        if idle:
            raise CheckFailedError(
                f"{name}[:, {idle[0]}] has no influence on the output"
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
            if _is_unread_tenth(case, name, which == "smallest"):
                raise CheckFailedError(
                    f"small changes of the {which} tenth of the numbers of {name} "
                    "have no influence: are they clamped, rounded or cast?"
                )


@check(needs=[token_ids, steady])
def check_every_position_reads_its_own_token(case: ModelCase) -> None:
    """Catches outputs that are one position off.

    For example logits that are shifted twice, or a convolution with too much padding:
    the output at a token's position is then another token's. It applies if each token
    has a label.

    If it fails, look at every slice, pad and roll along the sequence.
    """
    if case.is_teacher_forced:
        _require_label_before_read(case)
        return
    unread: list[str] = []
    for seed in range(2):
        probe = Probe(case, 2 * _ROWS, seed)
        unread = []
        for tokens in case.tokens:
            column, usual = probe.inputs[tokens.ids], probe(probe.inputs)
            is_by_token = (
                case.labels is not None
                and case.labels.shape[1:] == column.shape[1:] == usual.shape[1:2]
            )
            if not is_by_token or usual.ndim < 3:
                raise NotApplicableError("the labels are not of tokens")
            _require_no_copies(usual)
            counted = probe.inputs[tokens.mask] > 0 if tokens.mask else column >= 0
            others = other_tokens(column)
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
        "there: are the outputs shifted relative to the tokens?"
    )


def _is_end_unread(case: ModelCase, tokens: Tokens) -> bool:
    """Whether the end of a long text is ignored, or the text is too long."""
    probe = Probe(case)
    ids = probe.inputs[tokens.ids]
    longer = {
        name: column.repeat(1, -(-_LONG // ids.shape[1]), *[1] * (column.ndim - 2))
        if column.shape[:2] == ids.shape
        else column
        for name, column in probe.inputs.items()
    }
    longer = {
        n: c[:, :_LONG] if probe.inputs[n].shape[:2] == ids.shape else c
        for n, c in longer.items()
    }
    if tokens.mask:
        longer[tokens.mask] = torch.ones_like(longer[tokens.mask])
    changed = longer[tokens.ids].clone()
    changed[:, -1] = other_tokens(changed)[:, -1]
    try:
        found = [probe(each) for each in (longer, {**longer, tokens.ids: changed})]
    except (CheckFailedError, IndexError, RuntimeError, TypeError, ValueError):
        return False
    is_other = (changed != longer[tokens.ids]).any()
    return bool(is_other) and not bool(probe.differs(*found).any())


def _unread_tokens(case: ModelCase, ids: str, mask: str | None) -> list[str]:
    """Returns the positions of tokens that change nothing, whatever they are.

    Positions are counted from the beginning and from the end, since texts of a batch
    differ in length.
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
            read = found.reshape(len(found), -1).any(1)
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
    """Whether numbers and their negatives lead to the same outputs."""
    probe = Probe(case, _ROWS)
    column = probe.inputs[name]
    found = probe({**probe.inputs, name: -column})
    return (
        bool((column < 0).any()) and not probe.differs(probe(probe.inputs), found).any()
    )


def _require_label_before_read(case: ModelCase) -> None:
    """Fails if a decoder's output does not depend on the label before it."""
    probe = Probe(case, 2 * _ROWS)
    labels, usual = probe.inputs["labels"], probe(probe.inputs)
    _require_no_copies(usual)
    others = other_tokens(labels)
    for place in range(1, min(labels.shape[1], usual.shape[1])):
        changed = labels.clone()
        changed[:, place - 1] = others[:, place - 1]
        tried = (labels[:, place - 1 : place + 1] >= 0).all(1)
        tried &= (changed != labels).any(1) & (changed[:, place - 1] >= 0)
        found = probe({**probe.inputs, "labels": changed})
        moved = probe.differs(usual, found)[:, place].flatten(1).any(1)
        if tried.any() and not moved[tried].any():
            raise CheckFailedError(
                f"the output at position {place} does not change with the label before "
                "it: are the outputs shifted relative to the labels?"
            )


def _require_no_copies(outputs: torch.Tensor) -> None:
    """Fails if the outputs at a position always equal those at the one before."""
    for place in range(1, outputs.shape[1]):
        if outputs[:, place].equal(outputs[:, place - 1]) and outputs.std() > 0:
            raise CheckFailedError(
                f"the output at position {place} equals that at position {place - 1} "
                "for any tokens: are the outputs shifted relative to the tokens?"
            )


def _is_unread_tenth(case: ModelCase, name: str, smaller: bool) -> bool:
    """Whether small changes to the smallest, or largest, numbers are ignored."""
    for seed in range(_SEEDS):
        probe = Probe(case, 8 * _ROWS, seed)
        column = probe.inputs[name]
        edge = column.flatten().quantile(0.1 if smaller else 0.9)
        chosen = column <= edge if smaller else column >= edge
        size = 1e-5 if probe.is_double else 1e-2
        noise = size * column.std().nan_to_num(1.0) * torch.randn_like(column)
        changed = torch.where(chosen, column + noise, column)
        found = probe({**probe.inputs, name: changed})
        if probe.differs(probe(probe.inputs), found).any():
            return False
    return True


def _unread_categories(case: ModelCase, name: str) -> list[int]:
    """Returns the positions at which the categories of other rows change nothing."""
    probe = Probe(case, 8 * _ROWS)
    usual, column, idle = probe(probe.inputs), probe.inputs[name], list[int]()
    for place in range(column.shape[1]):
        changed = column.clone()
        changed[:, place] = column[:, place].roll(1)
        if not probe.differs(usual, probe({**probe.inputs, name: changed})).any():
            idle.append(place)
    return idle


def _unread_numbers(case: ModelCase, name: str, axis: int) -> list[int]:
    """Returns the indices along an axis at which other numbers change nothing."""
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
