"""Turns what a model computes into predictions: plain dicts that can be written."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from oumi_runtime.builders.predicting.model_reader import ModelReader
from oumi_runtime.builders.preprocessing.preprocessing import Preprocessing
from oumi_runtime.builders.tokenizing.text_encoder import NUM_WORDS, WORDS
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.generation import (
    continuation,
    target_texts,
    written_target,
)
from oumi_runtime.core.models.logit_meanings import LogitMeaning
from oumi_runtime.core.models.sampling import Choose, Sampler, Sampling, likeliest
from oumi_runtime.core.models.single_logit import as_two_classes, is_single
from oumi_runtime.datasets.inputs.texts import TextKind
from oumi_runtime.exceptions import BadSampleError, DataError, ModelForwardError

Prediction = dict[str, Any]
"""One of `label` and `probabilities`, `labels` and `probabilities`, `labels`, `labels`
and `shares`, `value`, `values`, `embedding`, `text`, `continuation`. Besides, other
numbers that forward returns for each row, by their names."""

DEFAULT_NEW_TOKENS = 64
_DECODER_IDS = "decoder_input_ids"


def build_predictions(
    model: nn.Module,
    kind: TextKind | None,
    preprocessing: Preprocessing,
    max_new_tokens: int | None = None,
    *,
    sampling: Sampling | None = None,
    has_classes: bool = False,
) -> Callable[[Batch], list[Prediction]]:
    """Returns the function that makes the predictions of a batch.

    Args:
        model: The model, in evaluation mode.
        kind: The kind of the texts; None if the model does not read texts.
        preprocessing: The tokenizer and classes.
        max_new_tokens: The maximum number of tokens of a text that is written; 64, or
            the maximum length of a text if that is less, if None.
        sampling: How to draw the tokens of a text that is written; None for the
            likeliest.
        has_classes: Whether a single number for each sample is the logit of the second
            of two classes, not a value; true if the classes have names.

    Raises:
        DataError: Tokens are to be drawn, and the model writes no texts.
    """
    reader = ModelReader(model)
    length = max_new_tokens or min(DEFAULT_NEW_TOKENS, preprocessing.max_length)
    tokenizer = preprocessing.tokenizer
    sampler = None if sampling is None else Sampler(sampling)
    if tokenizer is not None and kind is TextKind.PROMPT:
        end_id = preprocessing.pad_token_id
        most = preprocessing.max_length
        return _Continuations(reader, tokenizer, length, sampler, end_id, most)
    writes = _DECODER_IDS in inspect.signature(model.forward).parameters
    if tokenizer is not None and kind is TextKind.SOURCE and writes:
        return _Targets(reader, tokenizer, length, sampler)
    if sampling is not None:
        raise DataError(
            f"{type(model).__name__} writes no texts whose tokens could be drawn; "
            "leave the temperature and top_k out"
        )
    names = preprocessing.label_names
    return _FromOutputs(reader, names, has_classes or names is not None)


@dataclass(frozen=True)
class _Continuations:
    model: ModelReader
    tokenizer: Tokenizer
    length: int
    sampler: Sampler | None
    end_id: int
    max_length: int

    def __call__(self, batch: Batch) -> list[Prediction]:
        inputs = self.model.inputs_of(batch)
        written = continuation(
            self.model,
            inputs,
            self.length,
            end_id=self.end_id,
            max_length=self.max_length,
            choose=_choosing(self.sampler, inputs, self.length),
        )
        texts = self.tokenizer.decode_batch(written)
        return [{"continuation": text} for text in texts]


@dataclass(frozen=True)
class _Targets:
    model: ModelReader
    tokenizer: Tokenizer
    length: int
    sampler: Sampler | None

    def __call__(self, batch: Batch) -> list[Prediction]:
        inputs = self.model.inputs_of(batch, (_DECODER_IDS,))
        choose = _choosing(self.sampler, inputs, self.length)
        written = written_target(
            self.model, inputs, self.length, choose=choose, stops_early=True
        )
        return [{"text": text} for text in target_texts(written, self.tokenizer)]


def _choosing(sampler: Sampler | None, inputs: Batch, length: int) -> Choose:
    """Returns what chooses the tokens of texts for a batch."""
    num_texts = len(inputs["input_ids"])
    return likeliest if sampler is None else sampler.of_texts(num_texts, length)


@dataclass(frozen=True)
class _FromOutputs:
    model: ModelReader
    label_names: list[str] | None
    has_classes: bool

    def __call__(self, batch: Batch) -> list[Prediction]:
        inputs = self.model.inputs_of(batch)
        outputs = self.model(**inputs)
        name = self.model.name
        there = outputs.keys() if hasattr(outputs, "keys") else ()
        key = next((key for key in ("logits", "embeddings") if key in there), None)
        if key is None:
            raise ModelForwardError(
                f"{name}.forward returns {', '.join(there) or type(outputs).__name__}; "
                "predictions are made of its 'logits' or 'embeddings', so return one "
                "of these"
            )
        found = outputs[key].float()
        _require_finite(found, name)
        if key == "embeddings":
            made = [{"embedding": row} for row in _numbers(found)]
        else:
            made = self._of_logits(found, batch, inputs)
        return self._with_numbers(made, outputs, inputs)

    def _of_logits(
        self, found: torch.Tensor, batch: Batch, inputs: Batch
    ) -> list[Prediction]:
        """Returns what logits of any shape mean."""
        if is_single(found) and self.has_classes:
            return self._classes(as_two_classes(found))
        if is_single(found):
            return [{"value": value} for value in _numbers(found.flatten())]
        if found.ndim == 2:
            return self._of_rows(found, self.model.meaning_of(inputs))
        if found.ndim == 3 and WORDS in batch:
            return self._tags(found, batch[WORDS], batch[NUM_WORDS])
        if self.model.meaning_of(inputs) is LogitMeaning.VALUES:
            return [{"values": rows} for rows in found.tolist()]
        if found.ndim == 4:
            return self._pixels(_classes_second(found, inputs))
        raise ModelForwardError(
            f"the logits of {self.model.name} are of shape {tuple(found.shape)}, of "
            "which no prediction can be made; (batch,) are values, (batch, classes) "
            "classes, and (batch, classes, height, width) classes of pixels"
        )

    def _with_numbers(
        self, made: list[Prediction], outputs: Any, inputs: Batch
    ) -> list[Prediction]:
        """Adds other numbers that forward returns for each row, as of a second task."""
        for key in self.model.numbers_in(outputs, inputs):
            if key in made[0]:
                continue
            values = outputs[key].float()
            _require_finite(values, self.model.name)
            for prediction, number in zip(made, _numbers(values), strict=True):
                prediction[key] = number
        return made

    def _of_rows(self, logits: torch.Tensor, meaning: LogitMeaning) -> list[Prediction]:
        """Returns what (batch, n) logits mean."""
        if meaning is LogitMeaning.VALUES:
            return [{"values": row} for row in _numbers(logits)]
        if meaning is LogitMeaning.LABELS:
            return self._several_labels(logits.sigmoid())
        return self._classes(logits)

    def _several_labels(self, probabilities: torch.Tensor) -> list[Prediction]:
        """Returns the labels that apply to each row, and the probability of each."""
        names = [self._name(number) for number in range(probabilities.shape[1])]
        return [
            {
                "labels": [n for n, p in zip(names, row, strict=True) if p > 0.5],
                "probabilities": dict(zip(map(str, names), row, strict=True)),
            }
            for row in _numbers(probabilities)
        ]

    def _classes(self, logits: torch.Tensor) -> list[Prediction]:
        """Returns the likeliest class of each row, and the probabilities of all."""
        names = [self._name(number) for number in range(logits.shape[1])]
        return [
            {
                "label": names[label],
                "probabilities": dict(zip(map(str, names), row, strict=True)),
            }
            for label, row in zip(
                logits.argmax(-1).tolist(), _numbers(logits.softmax(-1)), strict=True
            )
        ]

    def _tags(
        self, logits: torch.Tensor, words: torch.Tensor, num_words: torch.Tensor
    ) -> list[Prediction]:
        """Returns the likeliest class of each token; None for those that were cut."""
        predictions: list[Prediction] = []
        for numbers, labels, count in zip(
            words.tolist(), logits.argmax(-1).tolist(), num_words.tolist(), strict=True
        ):
            found: list[str | int | None] = [None] * count
            for number, label in zip(numbers, labels, strict=True):
                if number:
                    found[number - 1] = self._name(label)
            predictions.append({"labels": found})
        return predictions

    def _pixels(self, logits: torch.Tensor) -> list[Prediction]:
        """Returns the likeliest class of each pixel, and the share of each class.

        Args:
            logits: (batch, classes, height, width); one class is the second of two.
        """
        if logits.shape[1] == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        names = [str(self._name(number)) for number in range(logits.shape[1])]
        labels = logits.argmax(1)  # (batch, height, width)
        shares = [
            each.flatten().bincount(minlength=len(names)) / each.numel()
            for each in labels
        ]
        return [
            {"labels": rows, "shares": dict(zip(names, row, strict=True))}
            for rows, row in zip(
                labels.tolist(), _numbers(torch.stack(shares)), strict=True
            )
        ]

    def _name(self, label: int) -> str | int:
        names = self.label_names or ()
        return names[label] if label < len(names) else label


def _classes_second(logits: torch.Tensor, inputs: Batch) -> torch.Tensor:
    """Returns logits of pixels as (batch, classes, height, width).

    The classes are last only if the other dimensions are those of the images.
    """
    sides = [each.shape[-2:] for each in inputs.values() if each.ndim == 4]
    is_last = logits.shape[1:3] in sides and logits.shape[2:] not in sides
    return logits.movedim(-1, 1) if is_last else logits


def _require_finite(found: torch.Tensor, name: str) -> None:
    is_good = found.isfinite().flatten(1).all(1) if found.ndim > 1 else found.isfinite()
    if not is_good.all():
        bad = int(is_good.long().argmin())
        raise BadSampleError(bad, f"{name} returns NaN or infinity for it")


def _numbers(values: torch.Tensor) -> list[Any]:
    """Returns numbers with as few digits as tell them apart in 32 bits."""
    array = values.cpu().numpy()
    if array.ndim > 1:  # Row by row, since each number takes 128 bytes meanwhile.
        return [_shortest(row) for row in array]
    return _shortest(array)


def _shortest(row: np.ndarray) -> list[float]:
    numbers: list[float] = row.astype(str).astype(np.float64).tolist()
    return numbers
