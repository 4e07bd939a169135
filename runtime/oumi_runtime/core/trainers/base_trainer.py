"""What every trainer offers, whichever loop it runs."""

from abc import ABC, abstractmethod
from pathlib import Path

from safetensors.torch import save_model
from torch import nn

from oumi_runtime.core.distributed import is_world_process_zero
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.trainers.callbacks import TrainingState


class BaseTrainer(ABC):
    """Trains one model on one dataset."""

    model: nn.Module
    state: TrainingState
    num_samples: int
    """Samples of an epoch."""

    @abstractmethod
    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end.

        Args:
            resume_from_checkpoint: A checkpoint's folder to go on from; from the start
                if None.
        """

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Evaluates on the evaluation dataset; names start with `eval_`."""

    @abstractmethod
    def save_state(self) -> None:
        """Saves a checkpoint of the training as it stands."""

    @abstractmethod
    def get_last_eval_metrics(self) -> dict[str, float]:
        """What the last evaluation returned; empty before the first."""

    def save_model(self, output_dir: str | Path) -> None:
        """Saves the model as `save_pretrained` does. Every process must call it."""
        if is_world_process_zero():
            save_weights(self.model, Path(output_dir))


def save_weights(model: nn.Module, folder: Path) -> None:
    """Saves a model's weights, and its config where it is a `BaseModel`."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(model, BaseModel):
        model.save_pretrained(folder)
    else:
        save_model(model, str(folder / "model.safetensors"))
