"""The training.telemetry section: what a run measures of itself."""

from pydantic import StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section


@section
class TelemetryParams(BaseParams):
    """How long each part of a step takes; nothing leaves the machine."""

    telemetry_dir: StrictStr | None = "telemetry"
    """The folder for the measurements, inside `output_dir` unless absolute; None for
    no measurements."""

    collect_telemetry_for_all_ranks: StrictBool = False
    """Whether every process writes its own; false writes those of the first."""

    track_gpu_temperature: StrictBool = False
    """Whether to keep the temperature of the GPU at each logged step."""
