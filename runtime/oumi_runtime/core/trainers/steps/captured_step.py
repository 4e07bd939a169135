"""The whole training step as one CUDA graph, which speeds up small models.

The graph captures the forward and backward passes, clipping, the check for finite
numbers and the optimizer. The learning rates are written between launches.
"""

import contextlib
from collections.abc import Callable
from functools import partial

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.parts import TrainingParts
from oumi_runtime.core.trainers.steps.device_rates import DeviceRates
from oumi_runtime.core.trainers.steps.graph_input import Form, GraphInput, form_of
from oumi_runtime.core.trainers.steps.host_state import (
    Facts,
    HostState,
    options_of,
    random_generators,
    settings_of,
)
from oumi_runtime.core.trainers.steps.train_step import (
    StepNumbers,
    StepResult,
    TrainStep,
)
from oumi_runtime.core.trainers.transformers_callbacks import FromTransformers
from oumi_runtime.exceptions import DeviceError

# Lazy initialization in the first steps must not be captured; see torch's CUDA notes.
_EAGER_STEPS = 3
# Of fewer replays the time that capturing takes is not won back.
_WORTH_REPLAYS = 10
_GRAPHS_OF_THEIR_OWN = ("reduce-overhead", "max-autotune")


def reason_against(
    step: TrainStep, parts: TrainingParts, scaler: torch.amp.GradScaler
) -> str | None:
    """Returns why a step cannot be captured; None if it may be possible."""
    params = parts.params
    device = next(parts.parallelism.model.parameters()).device
    if device.type != "cuda":
        return f"the model is on the {device.type}"
    if is_distributed():
        return "there are several processes"
    if scaler.is_enabled():
        return "float16 gradient scaling needs the CPU in every step"
    if not parts.optimizer.defaults.get("capturable", False):
        return f"{params.optimizer} cannot be captured"
    if step.finite.reads_at_once:
        return "the loss of each step is read before it is applied"
    if params.gradient_accumulation_steps > 1:
        return "a step has several micro-batches"
    mode = params.compile_kwargs.get("mode") if params.compile else None
    if mode in _GRAPHS_OF_THEIR_OWN:
        return f"training.compile makes graphs of its own in mode {mode}"
    return None


class CapturedStep:
    """Replays a captured step if the batch has the form of the captured one.

    Others, such as the last of an epoch, run without the graph. So do all batches if
    capturing fails, or if the step changes something on the host. If something else
    does, as a callback that freezes a layer, the step is captured again.
    """

    def __init__(self, step: TrainStep, parts: TrainingParts) -> None:
        """Wraps the step to capture."""
        self.finite = step.finite
        self._step = step
        self._parts = parts
        self._scheduler = parts.scheduler
        self._model = parts.parallelism.model
        self._device = next(self._model.parameters()).device
        self._rates = DeviceRates(parts.optimizer, self._device)
        # One for all, since cuBLAS keeps a workspace for each stream it has run on.
        self._side = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._num_eager = 0
        self._num_replays = 0
        self._has_failed = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._form: Form | None = None
        self._input: GraphInput
        self._numbers: StepNumbers
        self._host: HostState

    def __call__(self, micro_batches: list[MicroBatch]) -> StepResult:
        """Runs the step, with the graph if possible."""
        learning_rate = self._scheduler.get_last_lr()[0]
        self._rates.write()
        numbers = self._change_parameters(micro_batches)
        self._scheduler.step()
        return StepResult(numbers, learning_rate)

    def _change_parameters(self, micro_batches: list[MicroBatch]) -> StepNumbers:
        (columns, weight), *others = micro_batches
        self._drop_outdated_graph()
        if others or not isinstance(weight, float) or self._has_failed:
            return self._eager(micro_batches)
        form = form_of(columns)
        if self._graph is None:
            self._num_eager = self._num_eager + 1 if form == self._form else 0
            self._form = form
            if self._num_eager < _EAGER_STEPS - 1:
                return self._eager_as_captured(micro_batches)
            if self._num_eager == _EAGER_STEPS - 1:
                return self._last_eager(micro_batches)
            self._graph = self._capture(columns, weight)
        if form != self._form or self._graph is None:
            return self._eager(micro_batches)
        self._input.fill(columns)
        self._graph.replay()
        self._num_replays += 1
        return self._numbers

    def _eager(self, micro_batches: list[MicroBatch]) -> StepNumbers:
        with self._rates.in_use():
            numbers, _ = self._step.change_parameters(micro_batches)
        return numbers

    def _eager_as_captured(self, micro_batches: list[MicroBatch]) -> StepNumbers:
        """Runs the step on a side stream, as is needed before capturing."""
        self._side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._side):
            result = self._eager(micro_batches)
        torch.cuda.current_stream().wait_stream(self._side)
        return result

    def _last_eager(self, micro_batches: list[MicroBatch]) -> StepNumbers:
        """Runs the step, and gives up capturing if a graph of it would do less."""
        host = HostState(random_generators, partial(settings_of, self._model))
        numbers = self._eager_as_captured(micro_batches)
        if (change := host.changed()) is not None:
            self._has_failed = True
            logger.warning(
                "cuda_graphs: off, since a step changes %s, which a graph would not",
                change,
            )
        return numbers

    def _drop_outdated_graph(self) -> None:
        """Has the step captured again if what is on the host has changed since."""
        if self._graph is None or (change := self._host.changed()) is None:
            return
        torch.cuda.current_stream().synchronize()  # before the graph's memory is freed
        self._graph, self._num_eager = None, 0
        if self._num_replays < _WORTH_REPLAYS:
            self._has_failed = True
            logger.warning("cuda_graphs: off, since %s keeps changing", change)
        else:
            logger.info("cuda_graphs: capturing the step again for new %s", change)

    def _capture(self, columns: Batch, weight: float) -> torch.cuda.CUDAGraph | None:
        """Captures the step, which is not made by that; None where it fails."""
        self._input = GraphInput(columns)
        graph, undo = torch.cuda.CUDAGraph(), _UndoneCapture(self._device)
        try:
            # Other threads may go on using the GPU meanwhile.
            mode = "thread_local"
            with torch.cuda.graph(
                graph, undo.pool, self._side, capture_error_mode=mode
            ):
                numbers = self._eager([MicroBatch(self._input.batch(), weight)])
        except RuntimeError as error:
            undo()
            self._has_failed = True
            self._step.drop_gradients()
            reason = str(_first(error)).strip().split("\n")[0]
            logger.warning("cuda_graphs: off, the capture failed: %s", reason)
            return None
        self._numbers = numbers
        self._num_replays = 0
        self._host = HostState(*self._what_others_may_change())
        logger.info("cuda_graphs: a step is one graph from now on")
        return graph

    def _what_others_may_change(self) -> list[Callable[[], Facts]]:
        sources: list[Callable[[], Facts]]
        sources = [partial(options_of, self._parts.optimizer)]
        # Ours change no model, and looking at one takes a while.
        if not all(map(_is_ours, self._parts.callbacks)):
            sources.append(partial(settings_of, self._model))
        return sources


def _is_ours(callback: TrainingCallback) -> bool:
    if isinstance(callback, FromTransformers):
        return False
    return type(callback).__module__.startswith("oumi_runtime.")


def _first(error: BaseException) -> BaseException:
    """Returns the original error; ending a failed capture raises another one."""
    return error if error.__context__ is None else _first(error.__context__)


class _UndoneCapture:
    """Restores the state that torch leaves changed after a failed capture.

    The capture's stream stays the current one. The GPU's random generator stays in
    capture mode, so that the next dropout raises an error. The allocator keeps waiting
    for the capture to end, so that memory used by several streams is never freed.
    """

    def __init__(self, device: torch.device) -> None:
        """Notes how things are before the capture."""
        index = torch.cuda.current_device() if device.index is None else device.index
        self.pool = torch.cuda.graph_pool_handle()
        """What to capture into."""
        self._index = index
        self._generator = torch.cuda.default_generators[index]
        self._random_state = self._generator.clone_state()
        self._stream = torch.cuda.current_stream()

    def __call__(self) -> None:
        """Puts it back."""
        torch.cuda.set_stream(self._stream)
        self._generator.graphsafe_set_state(self._random_state)
        # Versions of torch that end it themselves raise.
        with contextlib.suppress(AttributeError, RuntimeError):
            torch._C._cuda_endAllocateToPool(self._index, self.pool)
        with contextlib.suppress(AttributeError, RuntimeError):
            torch._C._cuda_releasePool(self._index, self.pool)


def build_captured_step(
    step: TrainStep, parts: TrainingParts, scaler: torch.amp.GradScaler
) -> CapturedStep | TrainStep:
    """Wraps the step for capturing if `training.cuda_graphs` says so.

    Raises:
        DeviceError: It is `on`, but the step cannot be captured.
    """
    wish = parts.params.cuda_graphs
    if wish == "off":
        return step
    reason = reason_against(step, parts, scaler)
    if reason is None:
        return CapturedStep(step, parts)
    if wish == "on":
        raise DeviceError(f"training.cuda_graphs is on, but {reason}; write auto")
    logger.info("cuda_graphs: off, since %s", reason)
    return step
