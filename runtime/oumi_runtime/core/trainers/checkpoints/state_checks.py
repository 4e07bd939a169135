"""Checks that the state in a checkpoint fits the training to be resumed.

A checkpoint with valid hashes may still be of another model, or malicious.
"""

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from oumi_runtime.core.models.reading import first_not_finite
from oumi_runtime.core.models.saved_form import WEIGHTS_FILENAME, one_line
from oumi_runtime.core.models.tensor_files import check_tensor_file
from oumi_runtime.exceptions import CheckpointError, OumiRuntimeError

_MISFITS = (
    *(LookupError, TypeError, ValueError, AttributeError, RuntimeError),
    *(ArithmeticError, SafetensorError, FileNotFoundError),
)


@contextlib.contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """Turns errors about a state that does not fit into a one-line CheckpointError."""
    try:
        yield
    except CheckpointError:
        raise
    except _MISFITS as error:
        if isinstance(error, OumiRuntimeError):
            reason = str(error)
        else:
            reason = f"{type(error).__name__}: {one_line(error)}"
        raise CheckpointError(
            f"{folder} does not fit this training: {reason}"
        ) from error


def check_weights(folder: Path, model: nn.Module) -> None:
    """Raises if the weights are of another model, or not finite.

    Args:
        folder: The checkpoint.
        model: The model to load them into.

    Raises:
        CheckpointError: Names the first weight that does not fit.
    """
    path = folder / WEIGHTS_FILENAME
    own = model.state_dict()
    for name, entry in check_tensor_file(path, len(own)).items():
        if name not in own:
            raise CheckpointError(
                f"{folder} holds a different model: this one has no {name!r}"
            )
        if entry.shape != tuple(own[name].shape):
            raise CheckpointError(
                f"{folder} holds a different model: its {name!r} is {entry.shape}, and "
                f"this one's {tuple(own[name].shape)}"
            )
    parameters = {name for name, _ in model.named_parameters()}
    with safe_open(path, framework="pt") as file:
        saved = parameters & set(file.keys())
        tensors = ((name, file.get_tensor(name)) for name in sorted(saved))
        if bad := first_not_finite(tensors):
            raise CheckpointError(f"{folder} holds NaN or infinity in {bad}")


def check_optimizer(folder: Path, optimizer: Optimizer, saved: Any) -> None:
    """Raises if the optimizer state is of other parameters, or not finite."""
    if any(isinstance(key, str) for key in saved["state"]):
        return  # Gathered from several processes, with parameters by name.
    own = optimizer.state_dict()["param_groups"]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for group, saved_group in zip(own, saved["param_groups"], strict=True):
        if saved_group.keys() - group.keys():
            raise CheckpointError(f"{folder} holds the state of a different optimizer")
        for name, value in saved_group.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise CheckpointError(
                    f"{folder} has an optimizer whose {name} is {value}"
                )
    for index, state in saved["state"].items():
        for name, value in state.items():
            if not isinstance(value, torch.Tensor) or value.dim() == 0:
                continue
            # Some optimizers keep only a row and a column for each weight.
            if isinstance(index, int) and not set(value.shape) <= {
                1,
                *parameters[index].shape,
            }:
                raise CheckpointError(
                    f"{folder} does not fit this training: its optimizer's {name} "
                    f"of parameter {index} is {tuple(value.shape)}, and the "
                    f"parameter {tuple(parameters[index].shape)}"
                )
            if first_not_finite([(name, value)]):
                raise CheckpointError(
                    f"{folder} holds NaN or infinity in its optimizer's {name}"
                )


def check_scheduler(folder: Path, scheduler: LRScheduler, saved: Any) -> None:
    """Raises if the schedule's state has keys that the schedule does not have.

    LRScheduler.load_state_dict sets every attribute that it is given.
    """
    if unknown := saved.keys() - scheduler.state_dict().keys():
        raise CheckpointError(
            f"{folder} does not fit this training: its schedule holds "
            f"{', '.join(map(repr, sorted(map(str, unknown))))}"
        )


def check_progress(folder: Path, progress: Any, total_steps: int) -> None:
    """Raises if the progress is not valid for this training."""
    places = [progress[name] for name in ("global_step", "epoch", "step_in_epoch")]
    if any(type(place) is not int or place < 0 for place in places):
        raise CheckpointError(f"{folder} has no valid progress")
    if places[0] > total_steps:
        raise CheckpointError(
            f"{folder} is of step {places[0]}, after the last of {total_steps}; raise "
            "training.max_steps or num_train_epochs"
        )
