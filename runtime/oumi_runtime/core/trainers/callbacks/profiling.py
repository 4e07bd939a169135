"""torch.profiler as a callback."""

from pathlib import Path

from torch.profiler import ProfilerAction, ProfilerActivity, profile, schedule

from oumi_runtime.core.configs import ProfilerParams
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState


class Profiler(TrainingCallback):
    """Records the training and writes a table and a Chrome trace for each cycle."""

    def __init__(self, params: ProfilerParams, save_dir: Path) -> None:
        """Creates the profiler.

        Args:
            params: The profiler section; at least one activity is enabled.
            save_dir: The folder for the files.
        """
        self._row_limit = params.row_limit
        self._save_dir = save_dir
        activities = []
        if params.enable_cpu_profiling:
            activities.append(ProfilerActivity.CPU)
        if params.enable_cuda_profiling:
            activities.append(ProfilerActivity.CUDA)
        cycle = params.schedule
        self._profile = profile(
            activities=activities,
            schedule=schedule(
                wait=cycle.wait,
                warmup=cycle.warmup,
                active=cycle.active,
                repeat=cycle.repeat,
                skip_first=cycle.skip_first,
            )
            if cycle.enable_schedule
            else _record_all,
            on_trace_ready=self._write,
            record_shapes=params.record_shapes,
            profile_memory=params.profile_memory,
            with_stack=params.with_stack,
            with_flops=params.with_flops,
            with_modules=params.with_modules,
        )

    def on_train_begin(self, state: TrainingState) -> None:
        """Starts the profiler."""
        self._profile.start()

    def on_step_end(self, state: TrainingState) -> None:
        """Tells the profiler that a step is done."""
        self._profile.step()

    def on_train_end(self, state: TrainingState) -> None:
        """Stops the profiler, which writes what is still open."""
        # Where nothing is recorded yet, stopping begins to; on a GPU that can crash.
        if self._profile.current_action is not ProfilerAction.WARMUP:
            self._profile.stop()

    def _write(self, recorded: profile) -> None:
        self._save_dir.mkdir(parents=True, exist_ok=True)
        name = f"step-{recorded.step_num}"
        averages = recorded.key_averages()
        table = averages.table(sort_by="self_cpu_time_total", row_limit=self._row_limit)
        (self._save_dir / f"{name}.txt").write_text(table, encoding="utf-8")
        recorded.export_chrome_trace(str(self._save_dir / f"{name}.trace.json"))
        logger.info("wrote a profile to %s", self._save_dir / f"{name}.txt")


def _record_all(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD
