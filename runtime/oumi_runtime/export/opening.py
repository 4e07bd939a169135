"""Opens what is to be exported: the output folder of a run, or one checkpoint of it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from oumi_runtime.builders import InputReader, Preprocessing, build_input_reader
from oumi_runtime.builders.collators import TEXT_WITH_PADDING
from oumi_runtime.builders.models.trained import load_checkpoint, load_trained_model
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.files import read_json
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.checkpoints.manifest import MANIFEST_FILENAME, verify
from oumi_runtime.core.trainers.run.folder import CONFIG_FILENAME
from oumi_runtime.core.trainers.run.session import RUN_CONFIG_FILENAME
from oumi_runtime.exceptions import ExportSourceError


@dataclass(frozen=True)
class TrainedRun:
    """A trained model, and what it needs to read its inputs."""

    folder: Path
    """The output folder of the run."""
    model_dir: Path
    """The folder that the weights are from: the run's, or one of its checkpoints."""
    config: TrainingConfig
    model: nn.Module
    """On the CPU and in evaluation mode."""
    preprocessing: Preprocessing

    @property
    def name(self) -> str:
        """The name of the model's class."""
        return type(self.model).__name__

    @property
    def reader(self) -> InputReader:
        """What reads inputs that are like the data of the run."""
        return build_input_reader(self.config, self.model, self.preprocessing)

    @property
    def has_own_collator(self) -> bool:
        """Whether a collator of the user's makes the batches, as only its code says."""
        name = self.config.data.train.collator_name
        return name is not None and name.lower() != TEXT_WITH_PADDING


def open_run(source: str | Path) -> TrainedRun:
    """Loads the model of a run or of a checkpoint, and its preprocessing.

    Args:
        source: The output folder of a run; or one of its checkpoints, which is verified
            first. Of an output folder without a final model, it is the newest
            checkpoint.

    Raises:
        ExportSourceError: It is neither.
        CheckpointError: The checkpoint is damaged.
        SavedModelError: There is no model, or it is damaged.
    """
    given = Path(source)
    if not given.is_dir():
        raise ExportSourceError(
            f"there is no folder {given}; give the output folder of a run, or one of "
            "its checkpoints"
        )
    is_checkpoint = (given / MANIFEST_FILENAME).exists()
    if is_checkpoint:
        verify(given)
    folder = given.resolve().parent if is_checkpoint else given
    config = _as_moved(_config_of(folder, given), folder)
    config.validate_for_inference()
    if is_checkpoint:
        model, model_dir = load_checkpoint(config, given), given
    else:
        model, model_dir = load_trained_model(config)
    preprocessing = Preprocessing.load(model_dir, config.model)
    return TrainedRun(folder, model_dir, config, model.eval(), preprocessing)


def _config_of(folder: Path, given: Path) -> TrainingConfig:
    """Reads the config of a run; or of a checkpoint, if that has been copied away."""
    if (folder / CONFIG_FILENAME).is_file():
        return TrainingConfig.from_yaml(folder / CONFIG_FILENAME)
    own = given / RUN_CONFIG_FILENAME
    if not own.is_file():
        raise ExportSourceError(
            f"{folder} holds no {CONFIG_FILENAME} of a run; give the output folder of "
            "a run, or one of its checkpoints"
        )
    try:
        config = read_json(own, given)["config"]
    except (LookupError, TypeError) as error:
        raise ExportSourceError(f"{own} holds no config of a run") from error
    REGISTRY.add_search_root(given)
    return TrainingConfig.from_str(json.dumps(config))


def _as_moved(config: TrainingConfig, folder: Path) -> TrainingConfig:
    """Returns a run's config for where the run is now, to be loaded on the CPU."""
    return replace(
        config,
        model=replace(config.model, device_map="cpu", compile=False),
        training=replace(config.training, output_dir=str(folder)),
    )
