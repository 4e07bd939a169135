"""Checks that everything that should be trained is, with the right gradient."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS, EMBEDDINGS
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.dropping import with_little_dropout
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    in_double,
    listing,
    loss_of,
    output_name,
    outputs_of,
    perturbed,
    set_buffers,
    strays,
)
from oumi_runtime.testing.slopes import Slopes, is_large

_GRADIENT_SEEDS = 4
_STEPS_TO_MOVE = 6


@check()
def check_layers_and_tensors_are_registered(case: ModelCase) -> None:
    """Catches layers and tensors that the model does not register.

    For example layers in a plain list, which are neither trained nor saved; or a tensor
    as a plain attribute, which stays behind when the model moves to another device.

    If it fails, use nn.ModuleList or nn.ModuleDict for layers, nn.Parameter for trained
    tensors, and `register_buffer` for others.
    """
    model = case.model()
    hidden = strays(model, (nn.Module, nn.Parameter))
    if hidden:
        raise CheckFailedError(
            f"{listing(hidden)} is not registered, so neither trained nor saved: make "
            "it an attribute, or use nn.ModuleList, nn.ModuleDict or nn.ParameterList"
        )
    tensors = strays(model, torch.Tensor)
    if tensors:
        raise CheckFailedError(
            f"{listing(tensors)} is neither a parameter nor a buffer, so it is not "
            "saved and stays behind when the model moves: use nn.Parameter or "
            "register_buffer"
        )


@check()
def check_every_parameter_gets_a_gradient(case: ModelCase) -> None:
    """Catches a layer that forward does not use, a `detach`, and NaN gradients.

    For example a norm that is created in the constructor but never called. The check
    uses several models and batches, since a small layer may happen to have no active
    unit.

    If it fails, look for the named layer in forward, and for `detach`, `no_grad`,
    `.data` and `.item()` between it and the loss.
    """
    silent: list[str] = []
    for seed in range(_GRADIENT_SEEDS):
        model = with_little_dropout(case.model(training=True, seed=seed))
        compute_gradients(loss_of(perturbed(model), case.batch(16, seed)))
        gradients = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        for name, gradient in gradients.items():
            if gradient is not None and not gradient.isfinite().all():
                raise CheckFailedError(f"the gradient of {name} is not finite")
        silent = [
            name
            for name, gradient in gradients.items()
            if (seed == 0 or name in silent)
            and (gradient is None or not gradient.any())
        ]
        if not silent:
            break
    if silent:
        raise CheckFailedError(
            f"{listing(silent)} gets no gradient: is the layer unused in forward, or "
            "detached?"
        )


@check()
def check_biases_are_trained_with_their_weights(case: ModelCase) -> None:
    """Catches a layer that is only partly trained.

    For example `parameters[-1].requires_grad_(False)` where a whole layer was meant.

    If it fails, look for `requires_grad`. Freezing a whole layer, or training only its
    biases, is allowed.
    """
    frozen = [
        f"{name}.{own}".lstrip(".")
        for name, module in case.model().named_modules()
        for own, parameter in module.named_parameters(recurse=False)
        if not parameter.requires_grad
        and "bias" in own
        and any(p.requires_grad for p in module.parameters(recurse=False))
    ]
    if frozen:
        raise CheckFailedError(
            f"{listing(frozen)} is not trained, although the layer's weight is: where "
            "is its requires_grad set to False?"
        )


@check()
def check_outputs_carry_gradients(case: ModelCase) -> None:
    """Catches outputs that are detached from the weights.

    For example `logits.detach()` in the returned dict: a loss computed from them
    elsewhere, as in distillation, would train nothing.

    If it fails, return the logits unchanged; callers that need no gradients use
    `torch.no_grad()`.
    """
    outputs = outputs_of(case.model(training=True), case.batch())
    name = output_name(outputs)
    if not outputs[name].requires_grad:
        raise CheckFailedError(
            f"the {name} have no gradient: are they detached, or rounded to classes?"
        )


@check()
def check_gradients_are_those_of_the_loss(case: ModelCase) -> None:
    """Catches gradients that differ from the slope of the loss.

    For example `x + layer(x.detach())`: every parameter still gets a gradient along
    another path, but a wrong one. Each is compared with finite differences; in a large
    model, all of a kind at once.

    If it fails, look for `detach`, `no_grad`, `.data`, rounding or a custom backward
    where the named parameters are used. If a model stops gradients on purpose, declare
    an expected failure.
    """
    model = perturbed(case.model(training=True), 0.05).double()
    _hold_spectral_norms(model)
    batch = in_double(case.batch(2 if is_large(model) else 4))
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    try:
        values = _seeded_values(model, batch, buffers)
    except (RuntimeError, TypeError) as error:
        raise NotApplicableError("the model does not run in float64") from error
    for number, value in enumerate(values):
        model.zero_grad()
        compute_gradients(_seeded_values(model, batch, buffers)[number])

        def again(number: int = number) -> float:
            return _seeded_values(model, batch, buffers)[number].item()

        noise = torch.finfo(value.dtype).eps * 4 * max(1.0, abs(value.item()))
        wrong = Slopes(model, again, noise).unlike_gradients()
        if wrong:
            raise CheckFailedError(
                f"the gradient of {listing(wrong)} is not the slope of the loss: is a "
                "part of its path to the loss detached, or computed under no_grad?"
            )


@check()
def check_training_starts_everywhere(case: ModelCase) -> None:
    """Catches an initialization from which weights cannot learn.

    For example layers that all start at zero, so that each blocks the other's gradient;
    or a constant matrix, whose units stay copies of each other. The last layer may
    start at zero.

    If it fails, look at what `nn.init` does to the named weights.
    """
    model, batch = case.model(training=True), case.batch(16)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    for _ in range(_STEPS_TO_MOVE):
        optimizer.zero_grad()
        compute_gradients(loss_of(model, batch))
        optimizer.step()
    parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
    stuck = [
        name
        for name, parameter in parameters.items()
        # One that gets no gradient at all is for another check.
        if parameter.grad is not None and parameter.detach().equal(before[name])
    ]
    stuck = [name for name in stuck if before[name].ndim > 1]
    if stuck:
        raise CheckFailedError(
            f"{listing(stuck)} does not change in the first {_STEPS_TO_MOVE} "
            "steps: do the weights around it start at zero?"
        )
    copies = [
        name
        for name, parameter in parameters.items()
        if _are_copies(parameter.detach(), before[name])
    ]
    if copies:
        raise CheckFailedError(
            f"the rows of {listing(copies)} start alike, and stay so in the first "
            f"{_STEPS_TO_MOVE} steps: draw them at random"
        )
    last = _last_layer(case)
    constant = [
        f"{name}.weight"
        for name, module in case.model().named_modules()
        if isinstance(module, (*EMBEDDINGS, nn.Linear, *CONVOLUTIONS))
        and name != last
        and module.weight.numel() > module.weight.shape[0] > 1
        and (module.weight == module.weight.flatten()[0]).all()
    ]
    if constant:
        raise CheckFailedError(
            f"{listing(constant)} is initialized with a constant, so that its units "
            "are copies of each other: initialize it at random"
        )


def _are_copies(now: torch.Tensor, before: torch.Tensor) -> bool:
    """Whether a parameter changes, but all its rows in the same way."""
    rows = [x.squeeze(0) if x.shape[:1] == (1,) else x for x in (now, before)]
    if rows[0].ndim != 2 or min(rows[0].shape) < 2:
        return False
    moved = (rows[0] - rows[1]).abs().max()
    apart = [(x - x[:1]).abs().max() for x in rows]
    return bool(apart[1] == 0 and moved > 0 and apart[0] <= 1e-4 * moved)


def _hold_spectral_norms(model: nn.Module) -> None:
    """Keeps the vectors of spectral norms, which each forward in training improves."""
    for module in model.modules():
        # torch's older spectral_norm is a hook, and a module's hooks are not public.
        hooks = module._forward_pre_hooks.values()  # noqa: SLF001
        if any("SpectralNorm" in type(each).__name__ for each in (module, *hooks)):
            module.eval()


def _seeded_values(
    model: nn.Module, batch: Batch, buffers: dict[str, torch.Tensor]
) -> list[torch.Tensor]:
    """Returns scalars to differentiate, always with the same units dropped out.

    Buffers, such as a count of steps, are put back first.

    They are the loss and, if it is computed in float32 on purpose, weighted sums of
    the outputs.
    """
    torch.manual_seed(3)
    set_buffers(model, buffers)
    outputs = outputs_of(model, batch)
    loss = outputs["loss"]
    if loss.dtype is torch.float64:
        return [loss]
    draws = torch.Generator().manual_seed(4)
    sums = [
        (v * torch.randn(v.shape, generator=draws, dtype=v.dtype)).sum()
        for name, v in outputs.items()
        if name != "loss" and v.is_floating_point()
    ]
    return [loss, *sums]


def _last_layer(case: ModelCase) -> str:
    """Returns the name of the linear layer whose output is the model's, or ""."""
    model, last = case.model(), ""
    found: list[tuple[str, torch.Tensor]] = []

    def note(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor) and isinstance(module, nn.Linear):
                found.append((name, output))

        return hook

    for name, module in model.named_modules():
        module.register_forward_hook(note(name))
    with torch.no_grad():
        outputs = outputs_of(model, case.inputs(2))
    main = outputs[output_name(outputs)]
    for name, output in found:
        if output.numel() == main.numel() and output.flatten().equal(main.flatten()):
            last = name
    return last
