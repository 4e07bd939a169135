"""What a run logs before its first step."""

from pathlib import Path

from tokenizers import Tokenizer

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.precision import dtype_name


def announce(
    config: TrainingConfig, trainer: BaseTrainer, resume_from: Path | None
) -> None:
    """Logs what is about to be trained, and the checkpoint it resumes from."""
    parameters = list(trainer.model.parameters())
    logger.info(
        "training %s on %s in %s: %s parameters, %s samples, %s steps",
        config.model.model_name,
        parameters[0].device,
        dtype_name(trainer.model, config.training.mixed_precision_dtype),
        f"{sum(p.numel() for p in parameters):,}",
        f"{trainer.parts.train_batches.num_samples:,}",
        f"{trainer.state.total_steps:,}",
    )
    if resume_from is not None:
        logger.info("resuming from %s", resume_from)
    if config.training.log_model_summary:
        logger.info("%s", trainer.model)


def show_first_sample(trainer: BaseTrainer, tokenizer: Tokenizer | None) -> None:
    """Logs the first sample as the model receives it, with its text."""
    dataset = trainer.parts.train_batches.dataset
    sample = next(iter(dataset)) if isinstance(dataset, Stream) else dataset[0]
    for name, column in sample.items():
        shape = tuple(getattr(column, "shape", ()))
        logger.info("first sample: %s %s %s", name, shape, column)
    if tokenizer is not None and "input_ids" in sample:
        text = tokenizer.decode(sample["input_ids"].tolist())
        logger.info("first sample: text %r", text)
