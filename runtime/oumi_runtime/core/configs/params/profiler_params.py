"""The training.profiler section: torch.profiler."""

from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Natural, Whole, wrong


def _rows_or_all(given: int) -> int:
    if given != -1 and given < 1:
        raise wrong(f"{given} is out of range; it must be at least 1, or -1 for all")
    return given


@section
class ProfilerScheduleParams(BaseParams):
    """Which steps are recorded. A cycle is `wait`, then `warmup`, then `active`."""

    enable_schedule: StrictBool = False
    """Whether to record only the steps below; false records the whole training."""

    wait: Whole = 0
    """Steps at the start of a cycle that are not profiled."""

    warmup: Whole = 1
    """Steps that are profiled but not kept, since the first ones are slower."""

    active: Natural = 3
    """Steps that are recorded, at least 1."""

    repeat: Whole = 1
    """The number of cycles; 0 repeats them until the end of the training."""

    skip_first: Whole = 1
    """Steps before the first cycle."""


@section
class ProfilerParams(BaseParams):
    """Profiling of the training with torch.profiler."""

    save_dir: StrictStr | None = None
    """The folder for the traces and tables; None for `profiler` in `output_dir`."""

    enable_cpu_profiling: StrictBool = False
    """Whether to record what the CPU does."""

    enable_cuda_profiling: StrictBool = False
    """Whether to record what CUDA devices do."""

    record_shapes: StrictBool = False
    """Whether to record the shapes of each operator's inputs."""

    profile_memory: StrictBool = False
    """Whether to record how much memory is allocated and freed."""

    with_stack: StrictBool = False
    """Whether to record the file and line that called each operator."""

    with_flops: StrictBool = False
    """Whether to estimate the FLOPs of matrix products and convolutions."""

    with_modules: StrictBool = False
    """Whether to record which module called each operator."""

    row_limit: Annotated[StrictInt, AfterValidator(_rows_or_all)] = 50
    """The maximum number of rows in a table, at least 1; -1 for all."""

    schedule: ProfilerScheduleParams = Field(default_factory=ProfilerScheduleParams)
    """Which steps are recorded."""
