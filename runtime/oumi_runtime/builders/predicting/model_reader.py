"""Gives a model what it predicts from: the inputs of a batch, without targets."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.builders.tokenizing.text_encoder import NUM_WORDS, WORDS
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.logit_meanings import LogitMeaning, logit_meaning
from oumi_runtime.core.models.targets import (
    USUAL_TARGETS,
    needed_arguments,
    targets_of,
    tried_outputs,
)
from oumi_runtime.core.trainers.model_calls import outputs_of
from oumi_runtime.exceptions import ModelForwardError


class ModelReader:
    """A model with the names of what it does not need to predict."""

    def __init__(self, model: nn.Module) -> None:
        """Takes a model in evaluation mode."""
        self._model = model
        self._targets: frozenset[str] | None = None
        self._meaning: LogitMeaning | None = None
        self._numbers: list[str] | None = None

    @property
    def name(self) -> str:
        """The name of the model's class."""
        return type(self._model).__name__

    def __call__(self, **inputs: Any) -> Any:
        """Calls the model; see `outputs_of`."""
        return outputs_of(self._model, self._model, inputs)

    def meaning_of(self, inputs: Batch) -> LogitMeaning:
        """Returns what the model's logits are, (batch, n), found with these inputs."""
        if self._meaning is None:
            self._meaning = logit_meaning(self._model, inputs)
        return self._meaning

    def numbers_in(self, outputs: Batch, inputs: Batch) -> list[str]:
        """Returns the names of outputs that are a number for each row.

        Those of `logits` and losses are left out. Two rows tell them from outputs that
        are one number whatever the rows, such as a temperature.
        """
        if self._numbers is None:
            if not any(map(_may_be_numbers, outputs.items())):
                return []
            index = torch.zeros(2, dtype=torch.int64)
            twice = {k: v[index.to(v.device)] for k, v in inputs.items()}
            self._numbers = [
                key
                for key, value in tried_outputs(self._model, twice).items()
                if _may_be_numbers((key, value)) and value.shape == (2,)
            ]
        return self._numbers

    def inputs_of(self, batch: Batch, later: Sequence[str] = ()) -> Batch:
        """Returns what the model predicts from.

        Args:
            batch: The columns, which may include labels; all batches have the same.
            later: Arguments of forward that are not in the batch, but will be given.

        Raises:
            ModelForwardError: Forward requires something else.
        """
        given = {k: v for k, v in batch.items() if k not in (WORDS, NUM_WORDS)}
        if self._targets is None:
            self._targets = targets_of(self._model, given)
        needed = needed_arguments(self._model)
        inputs = {k: v for k, v in given.items() if k not in self._targets}
        for name in sorted(needed - inputs.keys() - {*later}):
            where = f"{self.name}.forward requires {name!r}"
            if name in USUAL_TARGETS:
                raise ModelForwardError(
                    f"{where}, which inputs do not have; write {name}=None in its "
                    "signature, and compute the loss only if they are given"
                )
            raise ModelForwardError(
                f"{where}, and the input only has {', '.join(inputs) or 'labels'}; "
                "give it data like that which it was trained on"
            )
        return inputs


def _may_be_numbers(output: tuple[str, Any]) -> bool:
    name, value = output
    is_named_so = name != "logits" and "loss" not in name
    is_tensor = isinstance(value, torch.Tensor) and value.is_floating_point()
    return is_named_so and is_tensor and value.ndim == 1
