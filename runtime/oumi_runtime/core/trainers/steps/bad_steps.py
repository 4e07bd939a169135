"""What becomes of a step whose loss or gradient is not finite: a report, and an end."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.datasets.rows import describe_row
from oumi_runtime.core.distributed import is_world_process_zero
from oumi_runtime.core.files import write_whole
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.steps.replay import find_not_finite
from oumi_runtime.exceptions import NonFiniteLossError

REPORT_FILENAME = "not_finite.json"


class BadSteps:
    """Reports such steps, leaves out as many as may be, and then ends the training."""

    def __init__(self, parts: TrainingParts, autocast: Callable[[], Any]) -> None:
        """Takes the parts, and what makes the context of a forward."""
        self._parts = parts
        self._model = parts.parallelism.model
        self._autocast = autocast
        self._num_allowed = parts.params.max_bad_steps
        self._num_in_a_row = 0
        self._reports: list[dict[str, Any]] = []
        self._random_state: torch.Tensor | None = None
        self._buffers: list[tuple[torch.Tensor, torch.Tensor]] = []

    def before_step(self) -> None:
        """Keeps what a step changes besides weights, to make it again or undo it."""
        self._random_state = torch.get_rng_state()
        if self._num_allowed:
            self._buffers = [(b, b.clone()) for b in self._model.buffers()]

    def after_good_step(self) -> None:
        """Begins counting anew."""
        self._num_in_a_row = 0

    def meet(
        self,
        state: TrainingState,
        late: int,
        last_good: Callable[[], Path | None],
        micro_batches: list[MicroBatch] | None,
    ) -> None:
        """Reports a bad step, which has not been applied.

        Every process must call it.

        Args:
            state: How far the training is, the bad step counted.
            late: How many steps came after the last good one.
            last_good: Finds the newest checkpoint.
            micro_batches: The bad step's; None where they are to be read again.

        Raises:
            NonFiniteLossError: There were more in a row than may be.
        """
        epoch, place = state.epoch, state.step_in_epoch - late
        if place < 0:
            epoch, place = epoch - 1, place + state.steps_per_epoch
        if micro_batches is None:
            micro_batches = next(iter(self._parts.train_batches.epoch(epoch, place)))
        finding = find_not_finite(
            self._model, micro_batches, self._autocast, self._random_state
        )
        bad_step = state.global_step - late + 1
        sentence = finding.sentence(self._model)
        self._reports.append(
            {
                "step": bad_step,
                "epoch": epoch,
                "what": sentence,
                **dataclasses.asdict(finding),
                "samples": self._samples(epoch, place),
            }
        )
        if is_world_process_zero():
            path = Path(self._parts.params.output_dir) / REPORT_FILENAME
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(self._reports, indent=1) + "\n")
        self._num_in_a_row += 1
        if self._num_in_a_row > self._num_allowed:
            raise NonFiniteLossError(bad_step, last_good(), sentence)
        with torch.no_grad():
            for buffer, before in self._buffers:
                buffer.copy_(before)
        logger.warning("skipped step %s, which is not finite: %s", bad_step, sentence)

    def _samples(self, epoch: int, place: int) -> list[str] | None:
        """The rows of the step's samples; None where a stream cannot say them."""
        batches = self._parts.train_batches
        if not isinstance(batches, TrainBatches):
            return None
        indices = batches.indices(epoch, place)
        return [describe_row(batches.dataset, index) for index in indices]
