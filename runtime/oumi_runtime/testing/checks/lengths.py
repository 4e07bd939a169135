"""Checks of the lengths of sequences: longer ones, and beginnings of sequences."""

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import Probe, logits_of
from oumi_runtime.testing.needs import steady, token_ids

_LENGTH = re.compile(r"len|pos|ctx|context|block|seq|token|window")
_LONG = 160
_MARGIN = 2  # RoBERTa's and OPT's positions begin at 2.
_FAILURES = (IndexError, RuntimeError, ValueError)


@check(needs=[token_ids, steady])
def check_beginning_alone_is_the_same(case: ModelCase) -> None:
    """Catches a next-token model whose outputs depend on the sequence's total length.

    For example a sum over the tokens so far that is divided by the total length, or
    positions that are counted from the end: in generation there is no end yet.

    If it fails, look for `shape[1]` and for a `flip`; the output at t is computed from
    the tokens 0 to t, and from nothing else.
    """
    columns = [t.ids for t in case.tokens if t.ids.startswith("decoder_")]
    if case.label_shift is not None:
        columns += [case.tokens[0].ids]
    elif case.is_teacher_forced and not columns:
        columns = ["labels"]
    if not columns:
        raise NotApplicableError("the model does not predict the next token")
    probe = Probe(case)
    whole = probe(probe.inputs)
    for name in columns:
        width = probe.inputs[name].shape[1]
        if whole.shape[1] != width:
            raise NotApplicableError("the output has no row for every position")
        for length in sorted({1, width // 2, width - 1} - {0}):
            begun = probe(_resized(probe.inputs, name, length))
            if probe.differs(whole[:, :length], begun).any():
                raise CheckFailedError(
                    f"the first {length} of {width} {name} give different outputs "
                    "without the rest: is the total length used, or a position counted "
                    "from the end?"
                )


@check(needs=[token_ids])
def check_longest_length_is_an_argument(case: ModelCase) -> None:
    """Catches a maximum length that is hard-coded in the model.

    For example `nn.Embedding(64, width)` for positions, or a mask of 64 by 64: the
    first longer text ends the training. The check tries sequences of 160 tokens; if
    they fail, the longest possible length has to be an argument of the constructor.

    If it fails, make the named number an argument, such as `max_length`, or derive it
    from the input's length.
    """
    model, inputs = case.model(), case.inputs(2)
    columns = [t.ids for t in case.tokens]
    if case.is_teacher_forced:
        columns.append("labels")
    for name in columns:
        usual = inputs[name].shape[1]
        try:
            logits_of(model, _resized(inputs, name, _LONG))
        except _FAILURES as error:
            longest = _longest(model, inputs, name)
            if longest <= usual:
                raise NotApplicableError(
                    "the model takes sequences of one length"
                ) from error
            known = range(longest, longest + _MARGIN + 1)
            if not any(number in known for number in _lengths(model)):
                raise CheckFailedError(
                    f"{name} of more than {longest} tokens: {described(error)}; no "
                    f"length among the arguments is {longest}: is it hard-coded?"
                ) from error


def _longest(model: nn.Module, inputs: Batch, name: str) -> int:
    """Returns the largest length that works, found by bisection."""
    works, fails = inputs[name].shape[1], _LONG
    while fails - works > 1:
        middle = (works + fails) // 2
        try:
            logits_of(model, _resized(inputs, name, middle))
            works = middle
        except _FAILURES:
            fails = middle
    return works


def _lengths(model: nn.Module) -> Iterator[int]:
    """Yields arguments of the model and its parts that are lengths by their names."""
    for module in model.modules():
        yield from _lengths_in(getattr(module, "init_kwargs", {}))
        yield from _lengths_in({"config": getattr(module, "config", None)})


def _lengths_in(arguments: dict[str, Any]) -> Iterator[int]:
    for name, value in arguments.items():
        if isinstance(value, int) and _LENGTH.search(name):
            yield value
        elif isinstance(value, dict):
            yield from _lengths_in(value)
        elif (config := getattr(value, "to_dict", None)) is not None:
            yield from _lengths_in(config())


def _resized(inputs: Batch, name: str, length: int) -> Batch:
    """Returns the inputs with one sequence, and its masks, repeated or cut."""
    usual = inputs[name].shape[1]
    places = torch.arange(length) % usual
    return {
        each: column[:, places]
        if column.shape[1:2] == (usual,) and _is_read_last(each) == _is_read_last(name)
        else column
        for each, column in inputs.items()
    }


def _is_read_last(name: str) -> bool:
    """Whether a column is for the decoder."""
    return name == "labels" or name.startswith("decoder_")
