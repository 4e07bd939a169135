"""Handles steps whose loss or gradient is not finite: reports, skips, or stops."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.datasets.rows.reading import describe_row
from oumi_runtime.core.distributed import all_gather_object, is_world_process_zero
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
    """Reports non-finite steps, and stops the training after too many in a row."""

    def __init__(self, parts: TrainingParts, autocast: Callable[[], Any]) -> None:
        """Initializes the handler with the trainer's parts and its autocast context."""
        self._parts = parts
        self._model = parts.parallelism.model
        self._autocast = autocast
        self._num_allowed = parts.params.max_bad_steps
        self._num_in_a_row = 0
        self._reports: list[dict[str, Any]] = []
        self._random_state: torch.Tensor | None = None
        self._buffers: list[tuple[torch.Tensor, torch.Tensor]] = []

    def before_step(self) -> None:
        """Keeps what a step changes besides the weights, to replay or undo it."""
        self._random_state = torch.get_rng_state()
        if self._num_allowed:
            self._buffers = [(b, b.clone()) for b in self._model.buffers()]

    def after_good_step(self) -> None:
        """Resets the count of consecutive bad steps."""
        self._num_in_a_row = 0

    def handle(
        self,
        state: TrainingState,
        steps_ago: int,
        last_good: Callable[[], Path | None],
        micro_batches: list[MicroBatch] | None,
    ) -> None:
        """Reports a bad step, which has not been applied.

        Every process must call this.

        Args:
            state: The progress of the training, including the bad step.
            steps_ago: How many steps ago the first bad step was; 1 for the last one.
            last_good: Finds the newest checkpoint.
            micro_batches: Those of the bad step; None reads them again.

        Raises:
            NonFiniteLossError: More steps in a row were bad than are allowed.
        """
        epoch, place = state.epoch, state.step_in_epoch - steps_ago
        if place < 0:
            epoch, place = epoch - 1, place + state.steps_per_epoch
        if micro_batches is None:
            micro_batches = next(iter(self._parts.train_batches.epoch(epoch, place)))
        finding = find_not_finite(
            self._model, micro_batches, self._autocast, self._random_state
        )
        bad_step = state.global_step - steps_ago + 1
        own = {
            "step": bad_step,
            "epoch": epoch,
            "what": finding.sentence(self._model),
            **dataclasses.asdict(finding),
            "samples": self._samples(epoch, place),
        }
        # Of all processes; the number may come from the samples of any.
        reports = all_gather_object((finding.num_found, own))
        _, report = max(reports, key=lambda each: each[0])
        self._reports.append(report)
        sentence = report["what"]
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
        """Describes the rows of the step's samples; None for a stream."""
        batches = self._parts.train_batches
        if not isinstance(batches, TrainBatches):
            return None
        indices = batches.indices(epoch, place)
        return [describe_row(batches.dataset, index) for index in indices]
