"""The config of a training run."""

import re
from collections.abc import Iterator

from pydantic import Field

from oumi_runtime.core.configs.base_config import BaseConfig
from oumi_runtime.core.configs.params.base_params import section
from oumi_runtime.core.configs.params.data_params import (
    COLLATORS,
    DataParams,
    DatasetSplit,
    OnBadSample,
)
from oumi_runtime.core.configs.params.fsdp_params import FSDPParams
from oumi_runtime.core.configs.params.model_params import ModelParams
from oumi_runtime.core.configs.params.peft_params import PeftParams
from oumi_runtime.core.configs.params.training_choices import (
    OPTIMIZERS,
    SchedulerType,
    TrainerType,
)
from oumi_runtime.core.configs.params.training_params import TrainingParams
from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.configs.references import (
    dataset_mistakes,
    folder_mistake,
    model_mistakes,
    name_mistake,
)
from oumi_runtime.core.registry import RegistryType
from oumi_runtime.exceptions import ConfigError, SectionError


@section
class TrainingConfig(BaseConfig):
    """The whole config of a training run."""

    data: DataParams = Field(default_factory=DataParams)
    """The datasets for training and evaluation."""

    model: ModelParams = Field(default_factory=ModelParams)
    """The model to train."""

    training: TrainingParams = Field(default_factory=TrainingParams)
    """How the model is trained, and what is saved."""

    peft: PeftParams = Field(default_factory=PeftParams)
    """The adapters to train if `training.use_peft` is true."""

    fsdp: FSDPParams = Field(default_factory=FSDPParams)
    """How the model is sharded over several devices."""

    def validate_for_inference(self) -> None:
        """Like `finalize_and_validate`, but the files of the data may be missing.

        Raises:
            ConfigError: Holds every other mistake.
        """
        try:
            self.finalize_and_validate()
        except ConfigError as error:
            is_data = re.compile(r"data\..*\.dataset_path").fullmatch
            rest = [each for each in error.mistakes if not is_data(each.key)]
            if rest:
                raise ConfigError(rest) from None

    def __finalize_and_validate__(self) -> None:
        """Checks sections against each other, and the names and files they refer to."""
        wrong: dict[str | Key, str] = {}
        if not self.data.train.datasets:
            wrong["data.train.datasets"] = "names no dataset; add one to train on"
        strategy = self.training.eval_strategy
        if strategy != "no" and not self.data.validation.datasets:
            wrong["training.eval_strategy"] = (
                f"{strategy!r} needs a dataset in data.validation.datasets; "
                "add one, or write 'no'"
            )
        if self.fsdp.enable_fsdp and self.training.trainer_type is TrainerType.HF:
            wrong["fsdp.enable_fsdp"] = (
                "true needs the native trainer; write trainer_type: oumi in the "
                "training section"
            )
        if self.fsdp.enable_fsdp and self.training.ema_decay is not None:
            wrong["training.ema_decay"] = (
                "cannot average weights that are split over processes; leave it out, "
                "or write enable_fsdp: false in the fsdp section"
            )
        if self.training.use_peft and self.model.adapter_trainable:
            wrong["training.use_peft"] = (
                "adds a new adapter, and model.adapter_trainable trains the one in "
                "model.adapter_model; set one of them to false"
            )
        is_skipping = self.data.on_bad_sample == OnBadSample.SKIP
        if is_skipping and self.training.trainer_type is TrainerType.HF:
            wrong["data.on_bad_sample"] = (
                "skip needs the native trainer; write trainer_type: oumi in the "
                "training section"
            )
        wrong |= dict(self._unknown_names())
        if wrong:
            rests_on = {
                "data.on_bad_sample": ["training.trainer_type"],
                "training.ema_decay": ["fsdp.enable_fsdp"],
                "training.eval_strategy": ["data.validation"],
                "fsdp.enable_fsdp": ["training.trainer_type"],
                "training.use_peft": ["model.adapter_trainable"],
            }
            raise SectionError(wrong, rests_on)

    def _unknown_names(self) -> Iterator[tuple[Key, str]]:
        if self.model.is_named:
            for key, mistake in model_mistakes(self.model):
                yield ("model", *key), mistake
        for split in DatasetSplit:
            params = self.data.get_split(split)
            for position, dataset in enumerate(params.datasets):
                if dataset.is_named:
                    for key, mistake in dataset_mistakes(dataset):
                        yield ("data", split.value, "datasets", position, *key), mistake
            name = params.collator_name
            if name and (
                sentence := name_mistake(name, RegistryType.COLLATOR, COLLATORS)
            ):
                yield ("data", split.value, "collator_name"), sentence
        for field, type, built_in in _CHOSEN_BY_NAME:
            name = getattr(self.training, field)
            if name and (sentence := name_mistake(name, type, built_in)):
                yield ("training", field), sentence
        checkpoint = self.training.resume_from_checkpoint
        if checkpoint is not None and (sentence := folder_mistake(checkpoint)):
            yield ("training", "resume_from_checkpoint"), sentence
        for position, name in enumerate(self.training.callbacks):
            if sentence := name_mistake(name, RegistryType.CALLBACK):
                yield ("training", "callbacks", position), sentence


_CHOSEN_BY_NAME: tuple[tuple[str, RegistryType, tuple[str, ...]], ...] = (
    ("trainer_type", RegistryType.TRAINER, tuple(TrainerType)),
    ("metrics_function", RegistryType.METRICS_FUNCTION, ()),
    ("optimizer", RegistryType.OPTIMIZER, OPTIMIZERS),
    ("lr_scheduler_type", RegistryType.LR_SCHEDULER, tuple(SchedulerType)),
)
