"""The training.telemetry section: local measurements of the run."""

from pydantic import StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section


@section
class TelemetryParams(BaseParams):
    """Timing of the steps, written to local files; nothing leaves the machine."""

    telemetry_dir: StrictStr | None = "telemetry"
    """The folder for the measurements, inside `output_dir` unless absolute; None for
    no measurements."""

    collect_telemetry_for_all_ranks: StrictBool = False
    """Whether every process writes its own file; false for the first process only."""

    track_gpu_temperature: StrictBool = False
    """Whether to record the GPU temperature at each log line."""
