"""One optimizer step: forward, loss, backward, clip, step, schedule.

Nothing here waits for the device.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, Protocol

import torch

from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.model_calls import (
    loss_to_train_on,
    outputs_of,
    terms_of,
)
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.steps.clipping import GradientClipper
from oumi_runtime.core.trainers.steps.compiled_pass import compiled_pass
from oumi_runtime.core.trainers.steps.fast_dropout import FastDropout
from oumi_runtime.core.trainers.steps.finite_check import FiniteCheck


class StepNumbers(NamedTuple):
    """What a step computes besides the parameters, as scalars on the device.

    The next step may overwrite the same tensors.
    """

    loss: torch.Tensor
    """This process's share of the mean loss over the step's targets."""
    terms: Mapping[str, torch.Tensor]
    """Its share of what else the model returns as single numbers, by name."""
    grad_norm: torch.Tensor
    """The norm of the gradient of all parameters, before clipping."""


class StepResult(NamedTuple):
    """The results of a step to log."""

    numbers: StepNumbers
    """What was computed on the device."""
    learning_rate: torch.Tensor | float
    """The learning rate of the first parameter group in this step."""

    @property
    def loss(self) -> torch.Tensor:
        """The loss of `numbers`."""
        return self.numbers.loss


class Step(Protocol):
    """Anything that runs one optimizer step."""

    finite: FiniteCheck
    """The check for non-finite steps, which also adds up the losses of the others."""

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Runs the step."""
        ...


class TrainStep:
    """Updates the parameters with the gradient of the mean loss over micro-batches."""

    def __init__(
        self,
        parts: TrainingParts,
        autocast: Callable[[], Any],
        scaler: torch.amp.GradScaler,
    ) -> None:
        """Initializes the step with the trainer's parts and mixed-precision objects."""
        self._parallelism = parts.parallelism
        self._optimizer = parts.optimizer
        self._scheduler = parts.scheduler
        self._meter = parts.meter
        self._autocast = autocast
        self._scaler = scaler
        self._dropout = FastDropout(parts.parallelism.model)
        self._model = model = parts.parallelism.model
        self._forward: Callable[..., Any] = parts.parallelism.forward
        if model._compiled_call_impl is not None and not is_distributed():
            self._forward = compiled_pass(model, parts.params.compile_kwargs)
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._clip = GradientClipper(self._parameters, parts.params.max_grad_norm)
        first = next(model.parameters())
        # To skip a bad step, its numbers have to be known before the next one.
        reads_at_once = True if parts.params.max_bad_steps else None
        self.finite = FiniteCheck(
            parts.optimizer,
            first.device,
            dtype=first.dtype,
            reads_at_once=reads_at_once,
        )

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Runs the step; it is not applied if its loss or gradient is not finite."""
        learning_rate = self._scheduler.get_last_lr()[0]
        numbers, is_applied = self.change_parameters(micro_batches)
        if is_applied:
            self._scheduler.step()
        return StepResult(numbers, learning_rate)

    def change_parameters(
        self, micro_batches: list[MicroBatch]
    ) -> tuple[StepNumbers, bool]:
        """Runs the part of the step that is executed on the device.

        Returns:
            The step's numbers, and whether it was applied, as far as is known without
            waiting for the device.
        """
        with self._counted(micro_batches):
            loss, terms = self._accumulate(micro_batches)
        self._parallelism.check_gradients()
        self._scaler.unscale_(self._optimizer)
        grad_norm = self._clip()
        # Overflows are expected in float16: the scaler skips such steps.
        is_applied = self._scaler.is_enabled() or self.finite.admit(loss, grad_norm)
        if is_applied:
            self._scaler.step(self._optimizer)
            self._scaler.update()
            self.finite.add_up(loss)
        self.drop_gradients()
        return StepNumbers(loss, terms, grad_norm), is_applied

    def drop_gradients(self) -> None:
        """Frees the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    def _accumulate(
        self, micro_batches: list[MicroBatch]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Accumulates the gradients; returns the sums of losses and other terms."""
        losses: list[torch.Tensor] = []
        terms: dict[str, torch.Tensor] = {}
        for number, (columns, weight) in enumerate(micro_batches, start=1):
            is_last = number == len(micro_batches)
            with nullcontext() if is_last else self._parallelism.accumulating():
                with self._autocast(), self._dropout():
                    outputs = outputs_of(self._forward, self._model, columns)
                    loss = loss_to_train_on(outputs, self._model)
                    if not isinstance(weight, float):
                        loss = loss * weight
                    for name, term in terms_of(outputs).items():
                        share = term.float() * weight
                        terms[name] = terms[name] + share if name in terms else share
                self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach().view(()))
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
        return loss, terms

    def _counted(self, step: list[MicroBatch]) -> AbstractContextManager[None]:
        if self._meter is None:
            return nullcontext()
        return self._meter.passes([batch.columns for batch in step])
