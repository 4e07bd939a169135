"""Checks of random seeds, and of side effects of forward."""

import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    listing,
    loss_of,
    perturbed,
    require_equal,
    result_of,
)


@check()
def check_evaluation_is_repeatable(case: ModelCase) -> None:
    """Catches an evaluation whose result differs between calls.

    For example `F.dropout(x, 0.1)`, which is active in evaluation too unless it is
    given `training=self.training`; a layer created in forward; or a counter that
    forward increments.

    If it fails, look for functional dropout, for layers created outside the
    constructor, and for attributes that forward sets.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = result_of(model, inputs)
    if not (case.is_noisy or torch.get_rng_state().equal(state)):
        raise CheckFailedError(
            "forward draws random numbers in evaluation mode, or sets their seed: is "
            "there a dropout without training=self.training?"
        )
    torch.manual_seed(6)
    require_equal(
        first,
        result_of(model, inputs),
        "two evaluations of the same inputs differ: is there a dropout without "
        "training=self.training, or something that forward changes?",
    )
    changed = [n for n, v in model.state_dict().items() if not v.equal(kept[n])]
    if changed:
        raise CheckFailedError(f"forward changes {listing(changed)} in evaluation mode")
    if model.training or any(module.training for module in model.modules()):
        raise CheckFailedError("forward sets the model to training mode")


@check()
def check_same_seed_gives_the_same_weights(case: ModelCase) -> None:
    """Catches weights that do not depend on torch's seed, or not only on it.

    For example `random.random()` or numpy in the constructor; or a `torch.manual_seed`
    in the model, which makes all models the same.

    If it fails, draw with torch, and leave setting the seed to the caller.
    """
    random.seed(1)
    first = dict(case.model().state_dict())
    random.seed(2)
    second, after = case.model().state_dict(), torch.get_rng_state()
    other = case.model(seed=1).state_dict()
    is_seeded = torch.get_rng_state().equal(after)
    different = [name for name, value in first.items() if not value.equal(second[name])]
    if different:
        raise CheckFailedError(
            f"{listing(different)} differs between two models with the same seed: are "
            "all random numbers drawn with torch?"
        )
    if is_seeded or all(value.equal(other[name]) for name, value in first.items()):
        raise CheckFailedError(
            "models with different seeds have equal weights: does the constructor set "
            "the seed, or every weight to a constant?"
        )
    model = case.model()
    fixed = [n for n, p in model.named_parameters() if not p.requires_grad]
    fixed += [name for name, _ in model.named_buffers() if name in first]
    frozen = [name for name in fixed if not first[name].equal(other[name])]
    if frozen:  # Unless a step changes it, such as the vectors of a spectral norm.
        with torch.no_grad():
            loss_of(model.train(), case.batch())
        now = model.state_dict()
        frozen = [name for name in frozen if now[name].equal(first[name])]
    if frozen:
        raise CheckFailedError(
            f"{listing(frozen)} is initialized at random and never trained: should it "
            "be an nn.Parameter with requires_grad?"
        )


@check()
def check_same_seed_gives_the_same_training(case: ModelCase) -> None:
    """Catches a training that torch's seed does not make repeatable.

    For example a layer that is skipped at random with Python's own `random`.

    If it fails, draw with torch in forward.
    """
    finals: list[torch.Tensor] = []
    for own_seed in (1, 2):
        random.seed(own_seed)
        model, batch = case.model(training=True), case.batch()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(4):
            torch.manual_seed(step)
            optimizer.zero_grad()
            compute_gradients(loss_of(model, batch))
            optimizer.step()
        if _state_after(model, batch, 1).equal(_state_after(model, batch, 2)):
            raise CheckFailedError(
                "forward sets torch's seed, so the same units are dropped out in every "
                "step: leave setting the seed to the caller"
            )
        torch.manual_seed(9)
        finals.append(
            torch.cat(
                [
                    *(p.detach().flatten() for p in model.parameters()),
                    result_of(model, case.inputs()).flatten(),
                ]
            )
        )
    if not torch.allclose(finals[0], finals[1], rtol=1e-5, atol=1e-7):
        raise CheckFailedError(
            "two trainings with the same seed differ: are all random numbers in "
            "forward drawn with torch?"
        )


@check()
def check_settings_of_torch_are_left_alone(case: ModelCase) -> None:
    """Catches a model that changes torch's global settings.

    For example `torch.set_grad_enabled(False)` or `torch.set_default_dtype` in the
    constructor or in forward.

    If it fails, use context managers, or pass the dtype to the layer.
    """
    with _usual_settings() as before:
        state = random.getstate()
        loss_of(case.model(training=True), case.batch())
        after, is_random_left_alone = _settings(), random.getstate() == state
    changed = [
        f"{name} from {before[name]} to {after[name]}"
        for name in before
        if before[name] != after[name]
    ]
    if changed:
        raise CheckFailedError(
            f"making or calling the model changes torch's settings: {listing(changed)}"
        )
    if not is_random_left_alone:
        raise CheckFailedError(
            "making or calling the model draws from Python's `random`, or seeds it"
        )


def _settings() -> dict[str, Any]:
    return {
        "gradients": torch.is_grad_enabled(),
        "default dtype": torch.get_default_dtype(),
        "deterministic algorithms": torch.get_deterministic_debug_mode(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "anomaly detection": torch.is_anomaly_enabled(),
        "number of threads": torch.get_num_threads(),
    }


@contextmanager
def _usual_settings() -> Generator[dict[str, Any]]:
    """Resets settings that an earlier model may have changed, and restores them."""
    kept, state = _settings(), random.getstate()
    threads = torch.get_num_threads()
    try:
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(threads + 1)
        random.seed("of this check")
        yield _settings()
    finally:
        random.setstate(state)
        torch.set_grad_enabled(kept["gradients"])
        torch.set_default_dtype(kept["default dtype"])
        torch.set_deterministic_debug_mode(kept["deterministic algorithms"])
        torch.set_float32_matmul_precision(kept["matmul precision"])
        torch.autograd.set_detect_anomaly(kept["anomaly detection"])
        torch.set_num_threads(threads)


def _state_after(model: nn.Module, batch: Batch, seed: int) -> torch.Tensor:
    """Returns the next random numbers after a seeded training step."""
    torch.manual_seed(seed)
    loss_of(model, batch)
    return torch.get_rng_state()
