"""Checks of training and evaluation: of dropout, and of all that has to be the same."""

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    listing,
    loss_of,
    output_name,
    outputs_of,
    perturbed,
    require_equal,
)
from oumi_runtime.testing.needs import dropout_arguments, dropouts_of

_DROPOUTS = (nn.modules.dropout._DropoutNd,)
_FEW_ZEROS, _MANY_ZEROS = 0.01, 0.04
_BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


@check()
def check_dropout_acts_in_training(case: ModelCase) -> None:
    """Catches a dropout that is made and not used, or never acts.

    For example `self.dropout` that forward forgets, or `training=False` written out.

    If it fails, look for the named layer in forward.
    """
    names = [
        name
        for name, module in case.model().named_modules()
        if isinstance(module, _DROPOUTS)
    ]
    if not names:
        raise NotApplicableError("the model has no dropout layer")
    idle = [name for name in names if not _acts(case, name)]
    if idle:
        raise CheckFailedError(
            f"{listing(idle)} leaves nothing out while training: is it used in forward?"
        )


@check()
def check_outputs_are_not_dropped_out(case: ModelCase) -> None:
    """Catches a dropout of the outputs themselves.

    For example `self.dropout(self.classifier(x))`: while training, some of the logits
    are zero, whatever the model thinks.

    If it fails, drop out what the last layer is given.
    """
    model, batch = perturbed(case.model()), case.batch(64)
    shares: list[float] = []
    for training in (False, True):
        for module in model.train(training).modules():
            if isinstance(module, _DROPOUTS) and module.p:
                module.p = 0.5
        with torch.no_grad():
            outputs = outputs_of(model, batch)
        found = outputs[output_name(outputs)]
        shares.append((found == 0).float().mean().item())
    if shares[0] < _FEW_ZEROS and shares[1] > _MANY_ZEROS:
        raise CheckFailedError(
            f"{shares[1]:.0%} of the outputs are zero while training, and hardly one "
            "in evaluation: does a dropout come after the last layer?"
        )


@check()
def check_training_computes_what_evaluation_does(case: ModelCase) -> None:
    """Catches a model that is trained as another one than is evaluated.

    For example a scale, a layer, or another loss under `if self.training`, or a forward
    that calls `self.eval()`. Dropout is switched off
    for this, and norms over the batch are left in evaluation mode.

    If it fails, look at every use of `self.training`.
    """
    model, batch = perturbed(case.model()), case.batch()
    rest = {k: v for k, v in batch.items() if k not in case.targets}
    given = [batch] if case.is_teacher_forced else [rest, batch]
    with torch.no_grad():
        evaluated = _outputs(model, given, 0)
        _train_without_dropout(model)
        trained, again = _outputs(model, given, 0), _outputs(model, given, 0)
        other_seed = _outputs(model, given, 1)
    if not all(module.training for module in _free(model)):
        raise CheckFailedError("forward sets the model to evaluation mode")
    for before, after, same, other in zip(
        evaluated, trained, again, other_seed, strict=True
    ):
        for name in {output_name(before), "loss"} & before.keys() & after.keys():
            require_equal(
                after[name],
                same[name],
                f"the {name} of a batch is another one the second time, at the same "
                "seed: does forward keep something from one batch to the next?",
            )
            if not same[name].equal(other[name]):
                raise NotApplicableError("training is random beyond its dropout layers")
            require_equal(
                before[name],
                after[name],
                f"without dropout, the {name} while training is not that in "
                "evaluation: what does forward do with self.training?",
            )


@check(needs=[dropout_arguments])
def check_dropout_of_zero_leaves_nothing_out(case: ModelCase) -> None:
    """Catches a dropout that its argument does not rule.

    For example `nn.Dropout(1 - dropout)`, or `nn.Dropout(0.1)` in one of two layers.

    If it fails, look at what the named layer is made with.
    """
    model = case.model()
    assert isinstance(model, BaseModel)
    none = {name: type(model.init_kwargs[name])(0) for name in dropouts_of(model)}
    try:
        without = type(model)(**{**model.init_kwargs, **none})
    except ValueError as error:
        raise NotApplicableError("the constructor refuses a dropout of 0") from error
    acting = [
        f"{name} (p={module.p})"
        for name, module in without.named_modules()
        if isinstance(module, _DROPOUTS) and module.p
    ]
    if acting:
        raise CheckFailedError(
            f"with {listing([*none])}=0 {listing(acting)} still leaves units out: is a "
            "number written out where the argument was meant, or 1 - dropout given?"
        )


def _outputs(
    model: nn.Module, batches: list[Batch], seed: int
) -> list[dict[str, torch.Tensor]]:
    torch.manual_seed(seed)
    return [outputs_of(model, batch) for batch in batches]


def _free(model: nn.Module) -> list[nn.Module]:
    """The modules whose mode the check leaves to forward."""
    return [m for m in model.modules() if not isinstance(m, _BATCH_NORMS)]


def _train_without_dropout(model: nn.Module) -> None:
    model.train()
    for module in model.modules():
        if isinstance(module, _DROPOUTS):
            module.p = 0.0
        elif isinstance(module, _BATCH_NORMS):
            module.eval()


def _acts(case: ModelCase, name: str) -> bool:
    """Whether a dropout layer changes the output, the others being switched off."""
    model, batch = perturbed(case.model(training=True)), case.batch()
    for module in model.modules():
        if isinstance(module, _DROPOUTS):
            module.p = 0.0
    losses: list[torch.Tensor] = []
    for share in (0.0, 0.9):
        model.get_submodule(name).p = share  # type: ignore[assignment]
        torch.manual_seed(1)
        with torch.no_grad():
            losses.append(loss_of(model, batch))
    return not losses[0].equal(losses[1])
