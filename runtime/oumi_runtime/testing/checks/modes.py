"""Checks of training and evaluation: of dropout, and of all that has to be the same."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.layer_types import BATCH_NORMS, DROPOUTS
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.dropouts import DropoutCalls, share_left_out
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    listing,
    loss_of,
    output_name,
    outputs_of,
    perturbed,
    require_equal,
    set_buffers,
)
from oumi_runtime.testing.needs import dropout_arguments, dropouts_of

_FEW_ZEROS, _MANY_ZEROS = 0.01, 0.04
_LARGEST_MOMENTUM = 0.7
_DRAWS, _MOST_OFF = 2000, 0.04


@check()
def check_dropout_acts_in_training(case: ModelCase) -> None:
    """Catches a dropout layer that is unused or never active.

    For example a `self.dropout` that forward does not call, or a fixed
    `training=False`.

    If it fails, look for the named layer in forward.
    """
    names = [
        name
        for name, module in case.model().named_modules()
        if isinstance(module, DROPOUTS)
    ]
    if not names:
        raise NotApplicableError("the model has no dropout layer")
    idle = [name for name in names if not _acts(case, name)]
    if idle:
        raise CheckFailedError(
            f"{listing(idle)} drops nothing out in training: is it used in forward?"
        )


@check()
def check_outputs_are_not_dropped_out(case: ModelCase) -> None:
    """Catches a dropout of the outputs themselves.

    For example `self.dropout(self.classifier(x))`: in training, some logits are then
    zero, whatever the model has learned.

    If it fails, apply the dropout to the input of the last layer.
    """
    model, batch = perturbed(case.model()), case.batch(64)
    shares: list[float] = []
    for training in (False, True):
        for module in model.train(training).modules():
            if isinstance(module, DROPOUTS) and module.p:
                module.p = 0.5
        with torch.no_grad():
            outputs = outputs_of(model, batch)
        found = outputs[output_name(outputs)]
        shares.append((found == 0).float().mean().item())
    if shares[0] < _FEW_ZEROS and shares[1] > _MANY_ZEROS:
        raise CheckFailedError(
            f"{shares[1]:.0%} of the outputs are zero in training, but hardly any in "
            "evaluation: does a dropout come after the last layer?"
        )


@check()
def check_training_computes_what_evaluation_does(case: ModelCase) -> None:
    """Catches a model that computes something else in training than in evaluation.

    For example a scale, a layer, or another loss under `if self.training`, or a forward
    that calls `self.eval()`. For this check, dropout is switched off and batch norms
    stay in evaluation mode.

    If it fails, look at every use of `self.training`.
    """
    model, batch = perturbed(case.model()), case.batch()
    rest = {k: v for k, v in batch.items() if k not in case.targets}
    given = [batch] if case.is_teacher_forced else [rest, batch]
    with torch.no_grad():
        evaluated = _outputs(model, given, 0)
        _train_without_dropout(model)
        kept = {name: value.clone() for name, value in model.named_buffers()}
        trained = _outputs(model, given, 0)
        moved = [n for n, value in model.named_buffers() if not value.equal(kept[n])]
        set_buffers(model, kept)
        again = _outputs(model, given, 0)
        set_buffers(model, kept)
        other_seed = _outputs(model, given, 1)
    if not all(module.training for module in _free(model)):
        raise CheckFailedError("forward sets the model to evaluation mode")
    compared = [
        (name, before[name], after[name], same[name], other[name])
        for before, after, same, other in zip(
            evaluated, trained, again, other_seed, strict=True
        )
        for name in {output_name(before), "loss"} & before.keys() & after.keys()
    ]
    for name, _, after, same, _ in compared:
        require_equal(
            after,
            same,
            f"the {name} of a batch differs the second time, with the same seed: does "
            "forward keep state from one batch to the next?",
        )
    if moved:
        raise NotApplicableError(f"each batch changes {listing(moved)}")
    for name, before, after, same, other in compared:
        if not same.equal(other):
            raise NotApplicableError("training is random beyond its dropout layers")
        require_equal(
            before,
            after,
            f"without dropout, the {name} in training differs from that in "
            "evaluation: what does forward do with self.training?",
        )


@check()
def check_norms_remember_earlier_batches(case: ModelCase) -> None:
    """Catches batch norms with running statistics of the last batch, or of none.

    For example `momentum=0.99`, which in Keras is the fraction that is kept, but in
    torch the fraction that is replaced: evaluation then depends on the last batch. With
    `momentum=0`, evaluation uses statistics that no batch has.

    If it fails, use 1 minus that number; torch's default is 0.1.
    """
    norms = {
        name: module
        for name, module in case.model().named_modules()
        if isinstance(module, BATCH_NORMS) and module.track_running_stats
    }
    if not norms:
        raise NotApplicableError("the model has no running statistics")
    idle = [name for name, module in norms.items() if module.momentum == 0]
    if idle:
        raise CheckFailedError(
            f"{listing(idle)} has momentum=0, so that its running statistics stay "
            "those it starts with: leave momentum out, or turn track_running_stats off"
        )
    forgetful = [
        f"{name} (momentum={module.momentum})"
        for name, module in norms.items()
        if module.momentum is not None and module.momentum > _LARGEST_MOMENTUM
    ]
    if forgetful:
        raise CheckFailedError(
            f"{listing(forgetful)} replaces nearly all of its running statistics with "
            "those of each batch: torch's momentum is the weight of the new values, "
            "not of the old ones"
        )


@check()
def check_what_is_left_out_is_made_up_for(case: ModelCase) -> None:
    """Catches a custom dropout that does not rescale what it keeps.

    For example a `DropPath` that multiplies by a mask but not by `1 / (1 - p)`: in
    evaluation, when nothing is dropped, the next layer gets larger numbers.

    If it fails, divide the kept values by the fraction that is kept.
    """
    found = 0
    for name, given in _given_to_own_dropouts(case).items():
        model = case.model(training=True)
        layer = model.get_submodule(name)
        draws = torch.stack([layer(given).detach() for _ in range(_DRAWS)])
        if draws[0].equal(draws[1]) and draws.equal(draws[:1].expand_as(draws)):
            continue
        found += 1
        with torch.no_grad():
            evaluated = layer.eval()(given)
        share = ((draws.mean(0) * evaluated).sum() / evaluated.square().sum()).item()
        if not abs(share - 1) < _MOST_OFF and draws.shape[1:] == evaluated.shape:
            raise CheckFailedError(
                f"the output of {name} is on average {share:.2g} times as large in "
                "training as in evaluation: is it divided by the fraction kept?"
            )
    if not found:
        raise NotApplicableError("the model has no dropout of its own")


@check(needs=[dropout_arguments])
def check_dropout_of_zero_leaves_nothing_out(case: ModelCase) -> None:
    """Catches a dropout that the constructor's argument does not control.

    For example `nn.Dropout(1 - dropout)`, `nn.Dropout(0.1)` in one of two layers, or a
    hard-coded number in `F.dropout`, in an `nn.LSTM` or in attention.

    If it fails, look at the arguments of the named layer.
    """
    model = case.model()
    assert isinstance(model, BaseModel)
    none = {name: type(model.init_kwargs[name])(0) for name in dropouts_of(model)}
    try:
        without = type(model)(**{**model.init_kwargs, **none})
    except ValueError as error:
        raise NotApplicableError("the constructor refuses a dropout of 0") from error
    acting = [
        f"{name} (p={share})"
        for name, module in without.named_modules()
        if (share := share_left_out(module))
    ]
    if not acting:
        with DropoutCalls() as called:
            outputs_of(without.train(), case.batch())
        acting = [f"{name} in forward (p={share})" for name, share in called.found]
    if acting:
        raise CheckFailedError(
            f"with {listing([*none])}=0 {listing(acting)} still drops units out: is a "
            "number hard-coded instead of the argument, or 1 - dropout passed?"
        )


def _given_to_own_dropouts(case: ModelCase) -> dict[str, torch.Tensor]:
    """Returns ones shaped like the input of each dropout layer that is not torch's."""
    model, given = case.model(training=True), dict[str, torch.Tensor]()

    def noting(name: str) -> Callable[[nn.Module, Any], None]:
        def hook(module: nn.Module, args: Any) -> None:
            if len(args) == 1 and isinstance(args[0], torch.Tensor):
                given[name] = args[0].detach()

        return hook

    for name, module in model.named_modules():
        is_own = not type(module).__module__.startswith("torch.")
        if is_own and re.search(r"drop|stochastic", type(module).__name__, re.I):
            module.register_forward_pre_hook(noting(name))
    outputs_of(model, case.batch())
    return {name: torch.ones_like(each) for name, each in given.items()}


def _outputs(
    model: nn.Module, batches: list[Batch], seed: int
) -> list[dict[str, torch.Tensor]]:
    torch.manual_seed(seed)
    return [outputs_of(model, batch) for batch in batches]


def _free(model: nn.Module) -> list[nn.Module]:
    """Returns the modules whose mode the check does not set."""
    return [m for m in model.modules() if not isinstance(m, BATCH_NORMS)]


def _train_without_dropout(model: nn.Module) -> None:
    model.train()
    for module in model.modules():
        if isinstance(module, DROPOUTS):
            module.p = 0.0
        elif isinstance(module, BATCH_NORMS):
            module.eval()


def _acts(case: ModelCase, name: str) -> bool:
    """Whether a dropout layer changes the loss while the others are off."""
    model, batch = perturbed(case.model(training=True)), case.batch()
    for module in model.modules():
        if isinstance(module, DROPOUTS):
            module.p = 0.0
    losses: list[torch.Tensor] = []
    for share in (0.0, 0.9):
        model.get_submodule(name).p = share  # type: ignore[assignment]
        torch.manual_seed(1)
        with torch.no_grad():
            losses.append(loss_of(model, batch))
    return not losses[0].equal(losses[1])
