"""Builds the callbacks of a config."""

import dataclasses
from pathlib import Path

from oumi_runtime.core.configs import TrainingConfig, TrainingParams
from oumi_runtime.core.distributed import get_rank, is_world_process_zero
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.callbacks.best_checkpoints import BestCheckpoints
from oumi_runtime.core.trainers.callbacks.device_cache import DeviceCache
from oumi_runtime.core.trainers.callbacks.early_stopping import EarlyStopping
from oumi_runtime.core.trainers.callbacks.loss_spikes import LossSpikes
from oumi_runtime.core.trainers.callbacks.metrics_file import MetricsFile
from oumi_runtime.core.trainers.callbacks.profiling import Profiler
from oumi_runtime.core.trainers.callbacks.progress import ProgressReport
from oumi_runtime.core.trainers.callbacks.telemetry import Telemetry
from oumi_runtime.core.trainers.callbacks.trackers import (
    MlflowTracker,
    TensorBoardTracker,
    WandbTracker,
)
from oumi_runtime.core.trainers.run.folder import METRICS_FILENAME
from oumi_runtime.exceptions import RegisteredValueError


def build_training_callbacks(config: TrainingConfig) -> list[TrainingCallback]:
    """Builds the callbacks of a config, for this process.

    The first process writes the metrics file, reports progress and sends metrics to
    trackers; the others only collect telemetry, if configured. A registered callback
    is called with the config, in every process; these come first, so that what they
    add to the metrics is logged.

    Raises:
        KeyError: A name in `training.callbacks` is not registered.
        MissingExtraError: A tracker's library is not installed.
        RegisteredValueError: A registered callback is not a `TrainingCallback`.
    """
    params = config.training
    output_dir = Path(params.output_dir)
    callbacks = [_registered(name, config) for name in params.callbacks]
    if is_world_process_zero():
        callbacks += [MetricsFile(output_dir / METRICS_FILENAME), ProgressReport()]
        callbacks.append(LossSpikes())
        callbacks += _trackers(config)
    telemetry = params.telemetry
    is_measured = is_world_process_zero() or telemetry.collect_telemetry_for_all_ranks
    if telemetry.telemetry_dir is not None and is_measured:
        path = output_dir / telemetry.telemetry_dir / f"rank_{get_rank()}.json"
        track = telemetry.track_gpu_temperature
        callbacks.append(Telemetry(path, track_gpu_temperature=track))
    if params.profiler.enable_cpu_profiling or params.profiler.enable_cuda_profiling:
        callbacks.append(Profiler(params.profiler, _profile_dir(params)))
    if params.early_stopping_patience is not None:
        callbacks.append(_early_stopping(params, params.early_stopping_patience))
    if params.save_best and params.eval_strategy != "no":
        callbacks.append(_best_checkpoints(params))
    if params.empty_device_cache_steps is not None:
        callbacks.append(DeviceCache(params.empty_device_cache_steps))
    return callbacks


def _early_stopping(params: TrainingParams, patience: int) -> EarlyStopping:
    return EarlyStopping(
        params.metric_for_best_model,
        greater_is_better=params.is_greater_better,
        patience=patience,
        threshold=params.early_stopping_threshold,
    )


def _best_checkpoints(params: TrainingParams) -> BestCheckpoints:
    return BestCheckpoints(
        params.metric_for_best_model,
        greater_is_better=params.is_greater_better,
        number=params.save_best,
    )


def _registered(name: str, config: TrainingConfig) -> TrainingCallback:
    callback = REGISTRY[name, RegistryType.CALLBACK](config)
    if not isinstance(callback, TrainingCallback):
        kind = RegistryType.CALLBACK.value
        raise RegisteredValueError(kind, name, callback, TrainingCallback)
    return callback


def _trackers(config: TrainingConfig) -> list[TrainingCallback]:
    params = config.training
    run_name = params.run_name or Path(params.output_dir).name
    trackers: list[TrainingCallback] = []
    if params.enable_tensorboard:
        default = Path(params.output_dir) / "runs"
        trackers.append(TensorBoardTracker(Path(params.logging_dir or default)))
    if params.enable_wandb:
        trackers.append(WandbTracker(run_name, dataclasses.asdict(config)))
    if params.enable_mlflow:
        trackers.append(MlflowTracker(run_name, dataclasses.asdict(config)))
    return trackers


def _profile_dir(params: TrainingParams) -> Path:
    folder = Path(params.profiler.save_dir or Path(params.output_dir) / "profiler")
    return folder if get_rank() == 0 else folder / f"rank_{get_rank()}"
