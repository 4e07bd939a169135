"""Experiment trackers: send the logged metrics to TensorBoard, W&B or MLflow.

Each library is an optional extra, imported when its tracker is created.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from oumi_runtime.core.configs.params.base_params import flattened
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.exceptions import MissingExtraError


class TensorBoardTracker(TrainingCallback):
    """Writes event files for TensorBoard."""

    def __init__(self, logging_dir: Path) -> None:
        """Opens the writer.

        Args:
            logging_dir: The folder for the event files; created if needed.

        Raises:
            MissingExtraError: tensorboard is not installed.
        """
        _require("tensorboard", "training.enable_tensorboard")
        module = import_module("torch.utils.tensorboard")
        self._writer = module.SummaryWriter(str(logging_dir))

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Writes each metric as a scalar."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, state.global_step)

    def on_train_end(self, state: TrainingState) -> None:
        """Closes the files."""
        self._writer.close()


class WandbTracker(TrainingCallback):
    """Sends the metrics to Weights & Biases, configured by environment variables."""

    def __init__(self, run_name: str | None, config: dict[str, Any]) -> None:
        """Starts a run.

        Args:
            run_name: The run's name; W&B chooses one if None.
            config: The config of the run.

        Raises:
            MissingExtraError: wandb is not installed.
        """
        wandb = _require("wandb", "training.enable_wandb")
        self._run = wandb.init(name=run_name, config=config)

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Sends the metrics of a step."""
        self._run.log(metrics, step=state.global_step)

    def on_train_end(self, state: TrainingState) -> None:
        """Ends the run."""
        self._run.finish()


class MlflowTracker(TrainingCallback):
    """Sends the metrics to MLflow, configured by environment variables."""

    def __init__(self, run_name: str | None, config: dict[str, Any]) -> None:
        """Starts a run.

        Args:
            run_name: The run's name; MLflow chooses one if None.
            config: The config of the run.

        Raises:
            MissingExtraError: mlflow is not installed.
        """
        self._mlflow = _require("mlflow", "training.enable_mlflow")
        self._mlflow.start_run(run_name=run_name)
        self._mlflow.log_params(flattened(config))

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        """Sends the metrics of a step."""
        self._mlflow.log_metrics(metrics, step=state.global_step)

    def on_train_end(self, state: TrainingState) -> None:
        """Ends the run."""
        self._mlflow.end_run()


def _require(name: str, asked_by: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingExtraError(name, asked_by) from None
