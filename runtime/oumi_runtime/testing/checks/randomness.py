"""Checks of seeds, of dropout, and of what a forward leaves behind."""

import random

import torch
from torch import nn

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    listing,
    logits_of,
    loss_of,
    perturbed,
    require_equal,
)

_DROPOUTS = (nn.modules.dropout._DropoutNd,)
_BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)


@check()
def check_evaluation_is_repeatable(case: ModelCase) -> None:
    """Catches an evaluation that differs from one call to the next.

    For example `F.dropout(x, 0.1)`, which drops out in evaluation too unless it is told
    `training=self.training`; a layer made in forward; a counter that forward moves on.

    If it fails, look for functional dropout, for layers made outside the constructor,
    and for attributes that forward sets.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = logits_of(model, inputs)
    if not torch.get_rng_state().equal(state):
        raise CheckFailedError(
            "a forward in evaluation mode draws random numbers, or sets their seed: is "
            "there a dropout without training=self.training?"
        )
    torch.manual_seed(6)
    require_equal(
        first,
        logits_of(model, inputs),
        "two evaluations of the same inputs differ: is there a dropout without "
        "training=self.training, or something that forward changes?",
    )
    changed = [n for n, v in model.state_dict().items() if not v.equal(kept[n])]
    if changed:
        raise CheckFailedError(
            f"a forward in evaluation mode changes {listing(changed)}"
        )
    if model.training or any(module.training for module in model.modules()):
        raise CheckFailedError("forward sets the model to training mode")


@check()
def check_same_seed_gives_the_same_weights(case: ModelCase) -> None:
    """Catches random numbers that torch's seed does not rule, or rules too much.

    For example `random.random()` or numpy in the constructor; or a `torch.manual_seed`
    of the model's own, which makes every model the same one.

    If it fails, draw with torch, and leave the seed to who makes the model.
    """
    random.seed(1)
    first = dict(case.model().state_dict())
    random.seed(2)
    second, other = case.model().state_dict(), case.model(seed=1).state_dict()
    different = [name for name, value in first.items() if not value.equal(second[name])]
    if different:
        raise CheckFailedError(
            f"{listing(different)} differs between two models of the same seed: are "
            "random numbers drawn with torch alone?"
        )
    if first and all(value.equal(other[name]) for name, value in first.items()):
        raise CheckFailedError(
            "models of different seeds have the same weights: does the constructor set "
            "the seed, or every weight to a constant?"
        )
    model = case.model()
    fixed = [n for n, p in model.named_parameters() if not p.requires_grad]
    fixed += [name for name, _ in model.named_buffers() if name in first]
    frozen = [name for name in fixed if not first[name].equal(other[name])]
    if frozen:
        raise CheckFailedError(
            f"{listing(frozen)} is drawn at random and never trained: should it be an "
            "nn.Parameter with requires_grad?"
        )


@check()
def check_same_seed_gives_the_same_training(case: ModelCase) -> None:
    """Catches a training that torch's seed does not repeat.

    For example a layer that is left out at random with Python's own `random`.

    If it fails, draw with torch in forward.
    """
    finals: list[torch.Tensor] = []
    for own_seed in (1, 2):
        random.seed(own_seed)
        model, batch = case.model(training=True), case.batch()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for step in range(4):
            torch.manual_seed(step)
            optimizer.zero_grad()
            compute_gradients(loss_of(model, batch))
            optimizer.step()
        torch.manual_seed(9)
        finals.append(
            torch.cat(
                [
                    *(p.detach().flatten() for p in model.parameters()),
                    logits_of(model, case.inputs()).flatten(),
                ]
            )
        )
    if not torch.allclose(finals[0], finals[1], rtol=1e-5, atol=1e-7):
        raise CheckFailedError(
            "two trainings of the same seed differ: are random numbers in forward "
            "drawn with torch alone?"
        )


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
def check_training_computes_what_evaluation_does(case: ModelCase) -> None:
    """Catches a model that is trained as another one than is evaluated.

    For example a scale, or a layer, under `if self.training`. Dropout is switched off
    for this, and norms over the batch are left in evaluation mode.

    If it fails, look at every use of `self.training`.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    evaluated = logits_of(model, inputs)
    model.train()
    for module in model.modules():
        if isinstance(module, _DROPOUTS):
            module.p = 0.0
        elif isinstance(module, _BATCH_NORMS):
            module.eval()
    trained = logits_of(model, inputs)
    if not torch.equal(trained, logits_of(model, inputs)):
        raise NotApplicableError("training is random beyond its dropout layers")
    require_equal(
        evaluated,
        trained,
        "without dropout, the output while training is not that in evaluation: what "
        "does forward do with self.training?",
    )


@check()
def check_settings_of_torch_are_left_alone(case: ModelCase) -> None:
    """Catches a model that changes torch for everybody.

    For example `torch.set_grad_enabled(False)` or `torch.set_default_dtype` in the
    constructor or in forward.

    If it fails, use the context managers, or give the dtype to the layer.
    """
    before = (torch.is_grad_enabled(), torch.get_default_dtype())
    try:
        loss_of(case.model(), case.batch())
        after = (torch.is_grad_enabled(), torch.get_default_dtype())
    finally:
        torch.set_grad_enabled(before[0])
        torch.set_default_dtype(before[1])
    if before != after:
        raise CheckFailedError(
            "making or calling the model changes whether torch computes gradients, or "
            f"its default dtype: {before} before, {after} after"
        )


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
