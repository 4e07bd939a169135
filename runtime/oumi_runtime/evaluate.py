"""Evaluates the trained model of a config on held-out data."""

from dataclasses import dataclass
from pathlib import Path

from oumi_runtime.builders import (
    Preprocessing,
    build_metrics_function,
    prepare_split,
    read_split,
)
from oumi_runtime.builders.data.bad_samples import build_bad_samples, naming_the_remedy
from oumi_runtime.builders.data.splits import warn_of_lone_share
from oumi_runtime.builders.models.trained import load_trained_model
from oumi_runtime.builders.training.batches import build_eval_batches
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig
from oumi_runtime.core.log import show_log
from oumi_runtime.core.trainers.evaluation import evaluate_model
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.core.trainers.run.machine_errors import plain_errors
from oumi_runtime.exceptions import DataError


@dataclass(frozen=True)
class EvaluationResult:
    """The result of an evaluation."""

    metrics: dict[str, float]
    """`loss`, and the metrics of the config's metrics function."""
    split: str
    """The split that was evaluated."""
    num_samples: int
    """How many samples were evaluated on."""
    model_dir: Path
    """The folder that the model was loaded from."""
    num_bad_samples: int = 0
    """Rows of the data that were left out; see `data.on_bad_sample`. Of a file that
    `split_shares` divides, they are those of all splits."""


def evaluate(config: TrainingConfig) -> EvaluationResult:
    """Evaluates on the test split, or else on the validation split.

    Args:
        config: The config that the model was trained with.

    Returns:
        The metrics, and what they were measured on.

    Raises:
        ConfigError: The config has mistakes.
        SavedModelError: The output folder holds no model.
        DataError: The config names neither test nor validation data.
        OumiRuntimeError: The model does not fit the data, or the machine fails; see
            `exceptions`. What the model's own code raises is not changed.
    """
    show_log()
    config.finalize_and_validate()
    split = _split_to_measure_on(config)
    output_dir = Path(config.training.output_dir)
    with plain_errors(output_dir, is_training=False), naming_the_remedy(config):
        return _evaluate(config, split, output_dir)


def _evaluate(
    config: TrainingConfig, split: DatasetSplit, output_dir: Path
) -> EvaluationResult:
    model, model_dir = load_trained_model(config)
    preprocessing = Preprocessing.load(output_dir, config.model)
    bad_samples = build_bad_samples(config.data)
    warn_of_lone_share(config.data, split)
    texts = read_split(config, split, bad_samples)
    dataset = prepare_split(texts, config, split, preprocessing, bad_samples)
    device = next(model.parameters()).device
    num_unread = 0 if bad_samples is None else bad_samples.count
    batches = build_eval_batches(dataset, config.training, device, bad_samples)
    autocast, _ = build_precision(model, config.training.mixed_precision_dtype)
    function = build_metrics_function(config.training, preprocessing.tokenizer)
    metrics = evaluate_model(model, batches, function, autocast)
    num_bad = 0 if bad_samples is None else bad_samples.count
    num_samples = batches.num_samples - (num_bad - num_unread)
    return EvaluationResult(metrics, split.value, num_samples, model_dir, num_bad)


def _split_to_measure_on(config: TrainingConfig) -> DatasetSplit:
    if config.data.test.datasets:
        return DatasetSplit.TEST
    if config.data.validation.datasets:
        return DatasetSplit.VALIDATION
    raise DataError("there is no data to evaluate on; name datasets under data.test")
