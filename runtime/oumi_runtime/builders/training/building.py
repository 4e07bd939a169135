"""Builds everything for a training run from a whole config."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders.callbacks import build_training_callbacks
from oumi_runtime.builders.data.bad_samples import build_bad_samples
from oumi_runtime.builders.data.splits import prepare_split, read_split
from oumi_runtime.builders.models.trained import build_trainable_model, final_saver
from oumi_runtime.builders.preprocessing.fitting import fit_preprocessing
from oumi_runtime.builders.preprocessing.preprocessing import FILENAMES, Preprocessing
from oumi_runtime.builders.preprocessing.scaling import fit_scalers
from oumi_runtime.builders.training.trainers import build_trainer
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig, TrainingParams
from oumi_runtime.core.distributed import set_full_determinism, set_random_seeds
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.core.trainers.unknown_classes import unknown_class


def build_training(
    config: TrainingConfig,
    *,
    resume_from: Path | None = None,
    callbacks: Sequence[TrainingCallback] = (),
    last_callbacks: Sequence[TrainingCallback] = (),
    kept_files: Mapping[str, bytes] | None = None,
) -> tuple[BaseTrainer, Preprocessing]:
    """Builds the trainer and the preprocessing of a run.

    Args:
        config: The validated config.
        resume_from: The checkpoint to resume from. The preprocessing is then
            loaded from it; otherwise it is fitted to the training split.
        callbacks: Additional callbacks, which come before those of the config.
        last_callbacks: Those that come after all others, such as one that looks for
            signals, which may arrive during the others.
        kept_files: Additional files for every checkpoint, by name.

    Raises:
        OumiRuntimeError: A model, dataset or other part cannot be built.
    """
    bad_samples = build_bad_samples(config.data)
    texts = read_split(config, DatasetSplit.TRAIN, bad_samples)
    model = build_trainable_model(config)
    if config.training.compile:
        # In place, so that saved names stay as they are.
        model.compile(**config.training.compile_kwargs)
    if resume_from is None:
        preprocessing = fit_preprocessing(texts, config.model, model)
    else:
        preprocessing = Preprocessing.load(_saved_with(resume_from), config.model)
    split = DatasetSplit.TRAIN
    train_dataset = prepare_split(texts, config, split, preprocessing, bad_samples)
    if resume_from is None:
        fit_scalers(model, train_dataset)
        _warn_of_unknown_classes(model, train_dataset, split)
    eval_dataset = None
    if config.training.eval_strategy != "no":
        split = DatasetSplit.VALIDATION
        texts = read_split(config, split, bad_samples)
        eval_dataset = prepare_split(texts, config, split, preprocessing, bad_samples)
        _warn_of_unknown_classes(model, eval_dataset, split)
    trainer = build_trainer(
        config.training,
        model=model,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        fsdp=config.fsdp,
        callbacks=[*callbacks, *build_training_callbacks(config), *last_callbacks],
        save_final=final_saver(config),
        tokenizer=preprocessing.tokenizer,
        kept_files={**(kept_files or {}), **preprocessing.files},
        bad_samples=bad_samples,
    )
    return trainer, preprocessing


def _warn_of_unknown_classes(
    model: nn.Module, dataset: Dataset[Any], split: DatasetSplit
) -> None:
    """Warns of labels that would end the training when they are reached."""
    if (misfit := unknown_class(model, dataset)) is not None:
        which = "training" if split is DatasetSplit.TRAIN else split.value
        logger.warning("the %s data does not fit the model: %s", which, misfit)


def _saved_with(checkpoint: Path) -> Path:
    """Returns the folder of the preprocessing that belongs to a checkpoint.

    Those saved by older versions do not hold it, but their output folder does.
    """
    is_whole = any((checkpoint / name).exists() for name in FILENAMES)
    return checkpoint if is_whole else checkpoint.parent


def seed_training(params: TrainingParams, offset: int = 0) -> None:
    """Seeds all random number generators from the config.

    Args:
        params: The training section of the config.
        offset: What to add to its seed.
    """
    if params.full_determinism:
        set_full_determinism()
    is_deterministic = params.use_deterministic or params.full_determinism
    set_random_seeds(params.seed + offset, is_deterministic)
