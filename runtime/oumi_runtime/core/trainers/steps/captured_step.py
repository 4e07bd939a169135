"""The whole step of a small model as one CUDA graph, launched at once.

What is captured is the forward, the backward, the clipping, the check for finite
numbers and the optimizer; the schedule writes its rates between two launches.
"""

import torch

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.steps.train_step import StepResult, TrainStep
from oumi_runtime.exceptions import DeviceError

# torch's advice: what is set up in the first steps must not be captured.
_EAGER_STEPS = 3

Shapes = tuple[tuple[str, torch.Size, torch.dtype], ...]


def reason_against(parts: TrainingParts, scaler: torch.amp.GradScaler) -> str | None:
    """Why a step cannot be captured; None where it can be tried."""
    device = next(parts.parallelism.model.parameters()).device
    if device.type != "cuda":
        return f"the model is on the {device.type}"
    if is_distributed():
        return "several processes train together"
    if scaler.is_enabled():
        return "the scaling of float16 gradients is decided between two steps"
    if not parts.optimizer.defaults.get("capturable", False):
        return f"{parts.params.optimizer} cannot be captured"
    if parts.params.gradient_accumulation_steps > 1:
        return "a step has several micro-batches"
    return None


class CapturedStep:
    """Replays a captured step where a batch has the captured shapes.

    A batch of other shapes, such as the last of an epoch, is a step like any other. So
    are all steps where the capture fails.
    """

    def __init__(self, step: TrainStep, parts: TrainingParts) -> None:
        """Takes the step to capture, and the parts that it works on."""
        self.finite = step.finite
        self._step = step
        self._scheduler = parts.scheduler
        self._num_eager = 0
        self._has_failed = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._shapes: Shapes = ()
        self._static: Batch = {}
        self._loss = self._grad_norm = torch.zeros(())

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Makes the step, by the graph if it fits."""
        (columns, weight), *others = micro_batches
        if others or not isinstance(weight, float) or self._has_failed:
            return self._step(micro_batches)
        shapes = tuple((name, c.shape, c.dtype) for name, c in columns.items())
        if self._graph is None:
            self._num_eager = self._num_eager + 1 if shapes == self._shapes else 0
            self._shapes = shapes
            if self._num_eager < _EAGER_STEPS or not self._capture(micro_batches):
                return self._eager(micro_batches)
        if shapes != self._shapes or self._graph is None:
            return self._step(micro_batches)
        for name, column in columns.items():
            self._static[name].copy_(column, non_blocking=True)
        learning_rate = self._scheduler.get_last_lr()[0]
        self._graph.replay()
        self._scheduler.step()
        # The next launch writes to the same places.
        return StepResult(self._loss.clone(), self._grad_norm.clone(), learning_rate)

    def _eager(self, micro_batches: list[MicroBatch]) -> StepResult:
        """On a stream of its own, as what is captured later."""
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            result = self._step(micro_batches)
        torch.cuda.current_stream().wait_stream(side)
        return result

    def _capture(self, micro_batches: list[MicroBatch]) -> bool:
        (columns, weight), *_ = micro_batches
        static = {name: column.clone() for name, column in columns.items()}
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                loss, norm, _ = self._step.change_parameters(
                    [MicroBatch(static, weight)]
                )
        except RuntimeError as error:
            self._has_failed = True
            self._step.drop_gradients()
            reason = str(error).strip().split("\n")[0]
            logger.warning("cuda_graphs: off, the capture failed: %s", reason)
            return False
        self._graph, self._static = graph, static
        self._loss, self._grad_norm = loss, norm
        logger.info("cuda_graphs: a step is one graph from now on")
        return True


def build_captured_step(
    step: TrainStep, parts: TrainingParts, scaler: torch.amp.GradScaler
) -> CapturedStep | TrainStep:
    """Decides by `training.cuda_graphs` whether the step is captured, and logs it.

    Raises:
        DeviceError: It is `on`, and cannot be.
    """
    wish = parts.params.cuda_graphs
    if wish == "off":
        return step
    reason = reason_against(parts, scaler)
    if reason is None:
        return CapturedStep(step, parts)
    if wish == "on":
        raise DeviceError(f"training.cuda_graphs is on, but {reason}; write auto")
    logger.info("cuda_graphs: off, since %s", reason)
    return step
