"""Checks of models made larger: of what grows with an argument, or must not."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.checks.attention_scores import Scores, scores_of
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.needs import arguments_of, constructor_arguments

_TIMES_AS_WIDE = 4
# Scores that are not divided by the root of the width double where it is four times.
_MOST_GROWTH = 1.5
_SINGLE = (nn.Linear, *CONVOLUTIONS, nn.RNNBase)
_WIDTH = re.compile(r"hidden|embed|width|dim|d_model|channels|filters|units")
_HEADS = re.compile(r"head(?!.*(dim|width|size|channels))")
_SMALLEST_WIDTH = 8
_MULTIPLES = (1, 2, 4)

_Numbers = dict[str, tuple[str, int]]


@check(needs=[constructor_arguments])
def check_attention_scores_do_not_grow_with_the_width(case: ModelCase) -> None:
    """Catches attention scores that are not divided by the root of a head's width.

    For example `(q @ k.transpose(-2, -1)).softmax(dim=-1)`, or `scale=1`: in a small
    model this hardly shows, but with wider heads each token attends to a single token
    from the start. The check compares a model with heads four times as wide; models
    whose initial weights are so small that scores do not grow pass. The check also
    catches scores that are divided by the root of the whole width, not a head's.

    If it fails, divide the scores by `q.shape[-1] ** 0.5`.
    """
    usual = scores_of(_made(case), case.inputs())
    if not usual:
        raise NotApplicableError("no attention is computed by the model itself")
    _require_no_shrinking(case, [each.width for each in usual])
    for name, value in _whole_numbers(case):
        changed = {name: _TIMES_AS_WIDE * value}
        try:
            wide = scores_of(_made(case, changed), case.inputs())
            drawn = [
                scores_of(_made(case, each), case.inputs(), at_random=True)
                for each in ({}, changed)
            ]
        except Exception:  # The constructor, or the batch, allows no such value.
            continue
        if [s.width for s in wide] != [_TIMES_AS_WIDE * s.width for s in usual]:
            continue
        growth = min(_growth(usual, wide), _growth(*drawn))
        if growth > _MOST_GROWTH:
            raise CheckFailedError(
                f"with {_TIMES_AS_WIDE} times the {name}, the attention scores before "
                f"the softmax vary {growth:.2g} times as much: are they divided by the "
                "root of a head's width?"
            )
        return
    raise NotApplicableError("no argument makes the heads wider")


@check(needs=[constructor_arguments])
def check_there_are_as_many_heads_as_asked_for(case: ModelCase) -> None:
    """Catches a number of heads that is used as their width.

    For example `x.unflatten(-1, (-1, num_heads))`: asking for twice as many heads then
    makes each one twice as wide.

    If it fails, look at the `view` or `unflatten` before attention: the heads come
    first, and their width follows.
    """
    for name, value in _whole_numbers(case):
        if not _HEADS.search(name):
            continue
        try:
            made = [_made(case), _made(case, {name: 2 * value})]
            usual, doubled = (scores_of(model, case.inputs()) for model in made)
        except Exception:  # The constructor refuses the value.
            continue
        for one, other in zip(usual, doubled, strict=False):
            if (one.width, other.width) != (value, 2 * value):
                continue
            for asked, found in ((value, one), (2 * value, other)):
                if found.heads != asked:
                    raise CheckFailedError(
                        f"with {name}={asked} there are {found.heads} heads of width "
                        f"{asked}: is their number used as their width?"
                    )


@check(needs=[constructor_arguments])
def check_there_are_as_many_layers_as_asked_for(case: ModelCase) -> None:
    """Catches a list with one layer too few or too many.

    For example `range(num_layers - 1)`. It applies to lists of convolutions, and of
    blocks of several layers; a perceptron may or may not count its first or last layer.

    If it fails, look at the `range` that the named list is created from.
    """
    model = _made(case)
    for name, value in _whole_numbers(case):
        try:
            longer = _lengths(_made(case, {name: value + 1}))
        except Exception:  # The constructor refuses the value.
            continue
        growing = {
            path: length
            for path, length in _lengths(model).items()
            if longer.get(path) == length + 1
        }
        counted = {m for path in growing for m in model.get_submodule(path).modules()}
        elsewhere = [m for m in model.modules() if m not in counted and m != model]
        for path, length in growing.items():
            layer = next(model.get_submodule(path).children())
            if abs(length - value) == 1 and not any(
                _is_alike(layer, other) for other in elsewhere
            ):
                raise CheckFailedError(
                    f"with {name}={value} there are {length} layers in {path}: is its "
                    "range one too short, or too long?"
                )


@check(needs=[constructor_arguments])
def check_an_argument_rules_all_of_its_kind(case: ModelCase) -> None:
    """Catches a constructor argument that is used in some places, hard-coded in others.

    For example `_Layer(hidden_dim, 4)` in the decoder, where the encoder has
    `_Layer(hidden_dim, num_heads)`; or 128 filters on embeddings of width `hidden_dim`,
    whose default is 128.

    If it fails, look for a number that is hard-coded instead of the argument.
    """
    before, others = _made(case), dict[str, tuple[int, nn.Module]]()
    for name, value in _whole_numbers(case):
        for other in (2 * value, value + 1, value + 2):
            try:
                others[name] = (other, _made(case, {name: other}))
            except Exception:  # The constructor refuses the value.
                continue
            break
    usual = _numbers(before)
    ruled = {
        path
        for _, after in others.values()
        for path, (_, number) in _numbers(after).items()
        if path in usual and usual[path][1] != number
    }
    moved = {  # They may be as many as the default of a width, but by chance.
        path
        for _, after in others.values()
        for path, number in _outputs(after).items()
        if _outputs(before).get(path) != number
    }
    for name, (other, after) in others.items():
        _require_all_moved(name, other, (usual, _numbers(after)), ruled)
        _require_no_default(case, name, (before, after), moved)


def _require_all_moved(
    name: str, other: int, numbers: tuple[_Numbers, _Numbers], ruled: set[str]
) -> None:
    """Fails if only one of two numbers of the same kind follows an argument."""
    usual, changed = numbers
    for path, (kind, value) in usual.items():
        if path not in changed:
            continue
        stayed = [
            each
            for each in usual
            if usual[each] == (kind, value) and each in changed and each not in ruled
        ]
        if value != other == changed[path][1] and stayed:
            raise CheckFailedError(
                f"{stayed[0]} is {value} whatever {name} is, although {path} depends "
                f"on it: is the number hard-coded instead of {name}?"
            )


def _require_no_default(
    case: ModelCase, name: str, models: tuple[nn.Module, nn.Module], moved: set[str]
) -> None:
    """Fails if a layer's input has an argument's width, but its output the default."""
    arguments = arguments_of(case)
    default = inspect.signature(case.make_model_class).parameters[name].default
    others = [value for value in arguments.values() if value == default]
    if not _WIDTH.search(name) or others or type(default) is not int:
        return
    known = {value for value in arguments.values() if type(value) is int}
    before, wide = models[0], dict(models[1].named_parameters())
    for path, weight in before.named_parameters():
        shapes = [w.shape for w in (weight, wide.get(path, weight)) if w.ndim > 1]
        if default < _SMALLEST_WIDTH or len(shapes) < 2 or path in moved:
            continue
        widths, given = zip(*(shape[:2] for shape in shapes), strict=True)
        if len({*widths}) > 1 or given[0] == given[1] or widths[0] in known:
            continue
        times, rest = divmod(widths[0], default)
        if times in _MULTIPLES and not rest:
            which = "the default" if times == 1 else f"{times} times the default"
            raise CheckFailedError(
                f"{path} returns {widths[0]} values whatever {name} is, and that is "
                f"{which} of {name}: is it hard-coded instead of {name}?"
            )


def _outputs(model: nn.Module) -> dict[str, int]:
    """Returns the first dimension of each weight, by its path."""
    return {path: w.shape[0] for path, w in model.named_parameters() if w.ndim > 1}


def _made(case: ModelCase, changes: dict[str, Any] | None = None) -> nn.Module:
    """Makes a model with some arguments changed, always with the same seed."""
    torch.manual_seed(0)
    made: nn.Module = case.make_model_class(**{**arguments_of(case), **(changes or {})})
    return made


def _whole_numbers(case: ModelCase) -> Iterator[tuple[str, int]]:
    for name, value in arguments_of(case).items():
        if type(value) is int and value > 0:
            yield name, value


def _require_no_shrinking(case: ModelCase, widths: list[int]) -> None:
    """Fails if the scores shrink when there are more, narrower heads."""
    for name, value in _whole_numbers(case):
        for times in (4, 2) if _HEADS.search(name) else ():
            try:
                usual, more = (
                    scores_of(_made(case, each), case.inputs(), at_random=True)
                    for each in ({}, {name: times * value})
                )
            except Exception:  # The constructor refuses the value.
                continue
            if [s.width * times for s in more] != widths:
                continue
            growth = _growth(usual, more)
            if growth < times**-0.25:
                raise CheckFailedError(
                    f"with {times} times the {name}, the attention scores before the "
                    f"softmax vary {growth:.2g} times as much: are they divided by the "
                    "root of a head's width, not of the whole width?"
                )
            break


def _growth(usual: list[Scores], wide: list[Scores]) -> float:
    """Returns the ratio of the scores' spreads, on average."""
    return sum(s.spread for s in wide) / (sum(s.spread for s in usual) or 1.0)


def _numbers(model: nn.Module) -> _Numbers:
    """Returns lengths of lists and integer attributes of modules, with their kinds."""
    found: _Numbers = {}
    for path, module in model.named_modules():
        kind = type(module).__qualname__
        if isinstance(module, nn.ModuleList) and len(module):
            kind = f"list of {type(module[0]).__qualname__}"
            found[f"the length of {path}"] = (kind, len(module))
        elif not type(module).__module__.startswith("torch."):
            for own, value in vars(module).items():
                if type(value) is int and not own.startswith("_"):
                    found[f"{path}.{own}"] = (f"{kind}.{own}", value)
    return found


def _lengths(model: nn.Module) -> dict[str, int]:
    """Returns the length of each list of layers of one type."""
    return {
        path: len(module)
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList | nn.Sequential)
        and len({type(each) for each in module}) == 1
        and _is_countable(next(module.children()))
    }


def _is_countable(module: nn.Module) -> bool:
    """Whether a module is a convolution, or a block of several layers."""
    if isinstance(module, CONVOLUTIONS):
        return True
    layers = [m for m in module.modules() if isinstance(m, _SINGLE)]
    return len(layers) > 1 and not isinstance(
        module, nn.ModuleList | nn.ModuleDict | nn.Sequential
    )


def _is_alike(layer: nn.Module, other: nn.Module) -> bool:
    """Whether a module may count as another one of the same layers."""
    if isinstance(layer, CONVOLUTIONS):
        return isinstance(other, CONVOLUTIONS)
    return _is_countable(other) and not isinstance(other, CONVOLUTIONS)
