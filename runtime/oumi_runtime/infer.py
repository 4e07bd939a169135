"""Predicts with the trained model of a config."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from oumi_runtime.builders import Preprocessing
from oumi_runtime.builders.data.bad_samples import build_bad_samples, naming_the_remedy
from oumi_runtime.builders.models.trained import load_trained_model
from oumi_runtime.builders.predicting.inputs import Inputs, Source, build_inputs
from oumi_runtime.builders.predicting.predictions import Prediction, build_predictions
from oumi_runtime.builders.training.batches import build_eval_batches
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.log import show_log
from oumi_runtime.core.models.sampling import Sampling
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.core.trainers.run.machine_errors import plain_errors
from oumi_runtime.exceptions import BadRowError, BadSampleError


def infer(
    config: TrainingConfig,
    inputs: Source | None = None,
    *,
    batch_size: int | None = None,
    max_new_tokens: int | None = None,
    sampling: Sampling | None = None,
) -> Iterator[Prediction]:
    """Predicts with the trained model of a config.

    To predict more than once, load the model once with `Predictor.load`.

    Args:
        config: The config that the model was trained with.
        inputs: See `Predictor.predict`.
        batch_size: See `Predictor.predict`.
        max_new_tokens: See `Predictor.predict`.
        sampling: See `Predictor.predict`.

    Returns:
        The predictions, which are made while they are iterated over.

    Raises:
        ConfigError: The config has mistakes.
        SavedModelError: The output folder holds no model.
        DataError: See `Predictor.predict`.
    """
    predictor = Predictor.load(config)
    return iter(
        predictor.predict(
            inputs,
            batch_size=batch_size,
            max_new_tokens=max_new_tokens,
            sampling=sampling,
        )
    )


@dataclass(frozen=True)
class Predictor:
    """A trained model with everything that it needs to predict."""

    config: TrainingConfig
    model: nn.Module
    model_dir: Path
    """The folder that the model was loaded from."""
    preprocessing: Preprocessing

    @classmethod
    def load(cls, config: TrainingConfig) -> "Predictor":
        """Loads the model that was trained with a config; see `infer`."""
        show_log()
        config.validate_for_inference()
        output_dir = Path(config.training.output_dir)
        with plain_errors(output_dir, is_training=False):
            model, model_dir = load_trained_model(config)
            preprocessing = Preprocessing.load(output_dir, config.model)
        return cls(config, model.eval(), model_dir, preprocessing)

    @property
    def reads_texts(self) -> bool:
        """Whether the model predicts from texts."""
        return self.preprocessing.tokenizer is not None

    def predict(
        self,
        inputs: Source | None = None,
        *,
        batch_size: int | None = None,
        max_new_tokens: int | None = None,
        sampling: Sampling | None = None,
    ) -> "Predictions":
        """Makes a prediction for each input, in their order.

        Args:
            inputs: The path of a file or folder, of a kind that the config's datasets
                read, or `-` for one text a line from the standard input; a list or
                other iterable of texts, of lists of tokens, or of mappings of column
                names, or of what forward takes, to values; or None for the test split
                of the config, or else the validation split. Labels are ignored.
            batch_size: Inputs that the model reads at once;
                `training.per_device_eval_batch_size` if None.
            max_new_tokens: See `build_predictions`.
            sampling: See `build_predictions`.

        Raises:
            DataError: There are no such inputs, or the model does not read them. A row
                that cannot be used is an error when it is reached.
        """
        bad_samples = build_bad_samples(self.config.data) if inputs is None else None
        plainly = _plain_errors(self.config, is_split=inputs is None)
        with plainly():
            found = build_inputs(
                self.config, inputs, self.model, self.preprocessing, bad_samples
            )
        params = self.config.training
        params = replace(
            params,
            per_device_eval_batch_size=batch_size or params.per_device_eval_batch_size,
            # Others are read in this process, which may be the only one that can.
            dataloader_num_workers=(
                params.dataloader_num_workers if found.gives_rows else 0
            ),
        )
        device = next(self.model.parameters()).device
        batches = build_eval_batches(found.stream, params, device, bad_samples)
        predict = build_predictions(
            self.model,
            found.kind,
            self.preprocessing,
            max_new_tokens,
            sampling=sampling,
            has_classes=params.metrics_function == "classification",
        )
        autocast, _ = build_precision(self.model, params.mixed_precision_dtype)
        made = _with_files(_by_batch(batches, predict, autocast), found)
        return Predictions(_within(plainly, made), found.num_inputs)


@dataclass(frozen=True)
class Predictions:
    """Predictions in the order of the inputs; they can be iterated over once."""

    batches: Iterator[list[Prediction]]
    """The predictions of each batch, made when they are asked for."""
    num_inputs: int | None
    """How many there will be; None if it is not known before all are read."""

    def __iter__(self) -> Iterator[Prediction]:
        for batch in self.batches:
            yield from batch


def _plain_errors(
    config: TrainingConfig, *, is_split: bool
) -> Callable[[], AbstractContextManager[None]]:
    """Returns what makes contexts in which errors are told in one line."""

    @contextmanager
    def plainly() -> Iterator[None]:
        remedy = naming_the_remedy(config) if is_split else nullcontext()
        with plain_errors(Path(config.training.output_dir), is_training=False), remedy:
            yield

    return plainly


def _within(
    context: Callable[[], AbstractContextManager[None]],
    made: Iterator[list[Prediction]],
) -> Iterator[list[Prediction]]:
    """Iterates within a context; whoever asks for the batches is outside of it."""
    with context():
        yield from made


def _by_batch(
    batches: Iterable[MicroBatch],
    predict: Callable[[Batch], list[Prediction]],
    autocast: Callable[[], Any],
) -> Iterator[list[Prediction]]:
    """Predicts batch by batch; an input that cannot be used is named by its number."""
    done = 0
    for batch, weight in batches:
        if not isinstance(weight, torch.Tensor):
            continue  # A stand-in for a batch without any usable sample.
        try:
            with torch.inference_mode(), autocast():
                made = predict(batch)
        except BadSampleError as error:
            number = done + error.sample + 1
            raise BadRowError(f"input {number}: {error.reason}") from error
        yield made
        done += len(made)


def _with_files(
    made: Iterator[list[Prediction]], inputs: Inputs
) -> Iterator[list[Prediction]]:
    """Adds the file of each input, if each has its own."""
    if inputs.files is None:
        yield from made
        return
    files = iter(inputs.files)
    for batch in made:
        yield [{"file": str(next(files)), **prediction} for prediction in batch]
