"""The argument of a check: functions that make the model, and batches for it.

The kind of model (whether it reads tokens, whether it is causal, which label it
ignores) is inferred here from the batch and the model, so that users need not state it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from oumi_runtime.core.models.targets import targets_of
from oumi_runtime.testing.docstring_sections import section_of
from oumi_runtime.testing.failures import CheckFailedError, FactoryError, made_by
from oumi_runtime.testing.self_supervision import (
    draw_the_same,
    draws_in_evaluation,
    learns_from_inputs,
    predicts_next_tokens,
)

Batch = dict[str, torch.Tensor]
BatchFactory = Callable[[int], Mapping[str, torch.Tensor]]

_LABELS = "labels"
_DEFAULT_IGNORE_INDEX = -100
_MANY = 64
_NO_TOKENS = re.compile(r"(mask|_type_ids|position_ids|positions|lengths)$")


@dataclass(frozen=True)
class Tokens:
    """A column of token ids, and its attention mask."""

    ids: str
    mask: str | None


@dataclass(frozen=True)
class ModelCase:
    """A model under test."""

    make_model: Callable[[], nn.Module]
    """Makes the model, which is the same for the same random seed."""
    make_batch: BatchFactory
    """Makes a batch of a given size: the columns that forward takes, with `labels`."""
    config: str | Path | None = None
    """The model's training config; None searches the model's project for it."""
    golden_folder: Path | None = None
    """The folder in which the keys of the state dict are recorded."""

    @property
    def noun(self) -> str:
        """What is under test, for messages."""
        return "model"

    def model(self, *, training: bool = False, seed: int = 0) -> nn.Module:
        """Makes a new model, with the same weights for the same seed."""
        is_noisy = self.is_noisy  # Found out before, as that draws numbers, too.
        model = self._fresh_model(seed).train(training)
        return self.steadied(model) if is_noisy else model

    def steadied(self, model: nn.Module) -> nn.Module:
        """Has a model that draws noise draw the same in each evaluation."""
        if self.is_noisy:
            model.register_forward_pre_hook(draw_the_same)
        return model

    def _fresh_model(self, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        with made_by("make_model"):
            return self.make_model()

    def batch(self, batch_size: int = 4, seed: int = 1) -> Batch:
        """Makes a batch, which is the same for the same seed."""
        has_labels = not self.is_self_supervised
        batch = self._whole_batch(batch_size, seed)
        return {k: v for k, v in batch.items() if has_labels or k != _LABELS}

    def _whole_batch(self, batch_size: int, seed: int = 1) -> Batch:
        torch.manual_seed(seed)
        with made_by("make_batch"):
            return dict(self.make_batch(batch_size))

    @cached_property
    def is_self_supervised(self) -> bool:
        """Whether the loss is of the inputs alone, as that of an autoencoder.

        Labels in a batch are then nothing to the model.
        """
        try:
            batch = self._whole_batch(3)
        except FactoryError:  # It is told by the checks that need a batch.
            return False
        return learns_from_inputs(self._fresh_model().eval(), batch)

    @cached_property
    def is_noisy(self) -> bool:
        """Whether such a model draws noise or masks in evaluation, too."""
        return self.is_self_supervised and draws_in_evaluation(
            self._fresh_model().eval(), self.sample
        )

    def inputs(self, batch_size: int = 4, seed: int = 1) -> Batch:
        """Makes a batch without the columns that only the loss needs."""
        left_out = frozenset[str]() if self.is_teacher_forced else self.targets
        batch = self.batch(batch_size, seed)
        return {k: v for k, v in batch.items() if k not in left_out}

    @cached_property
    def sample(self) -> Batch:
        """Makes a small batch, to inspect the columns."""
        batch = self.batch(3)
        wrong = [name for name, column in batch.items() if column.shape[:1] != (3,)]
        if wrong or not batch:
            raise CheckFailedError(
                f"make_batch(3) returns {', '.join(wrong) or 'no column'}, without 3 "
                "rows: does it use its argument?"
            )
        return batch

    @cached_property
    def labels(self) -> torch.Tensor | None:
        """The labels of `sample`, if there are any."""
        return self.sample.get(_LABELS)

    @property
    def has_class_labels(self) -> bool:
        """Whether the labels are classes or tokens rather than numbers."""
        return self.labels is not None and not self.labels.is_floating_point()

    @cached_property
    def targets(self) -> frozenset[str]:
        """The columns that only the loss needs.

        These are the labels, also those of a second task; if there are no `labels`,
        the columns without which the model returns no loss, too, such as the second
        texts of pairs.
        """
        if _LABELS in self.sample:
            return targets_of(self.model(), self.sample)
        model, found = self.model(), set[str]()
        for name in self.sample:
            rest = {k: v for k, v in self.sample.items() if not _belongs(k, name)}
            try:
                outputs = model(**rest)
            except Exception:  # The model needs this column.
                continue
            if outputs.get("loss") is None:
                found |= self.sample.keys() - rest.keys()
        return frozenset(found) | targets_of(self.model(), self.sample)

    @cached_property
    def is_teacher_forced(self) -> bool:
        """Whether a decoder reads the labels, so that the output depends on them.

        This is the case if every output position has a label, and the output changes
        with the labels or does not exist without them.
        """
        labels, model = self.labels, self.model()
        if labels is None or labels.ndim != 2 or labels.is_floating_point():
            return False
        rest = {k: v for k, v in self.sample.items() if k != _LABELS}
        others = {**rest, _LABELS: labels.flip(0).roll(1, 1)}
        with torch.no_grad():
            found = [_main(model(**batch)) for batch in (self.sample, others)]
            try:
                model(**rest)
            except Exception:
                return True
        a, b = found
        is_by_position = a is not None and a.shape[:2] == labels.shape
        return is_by_position and not (a is None or b is None or torch.equal(a, b))

    @cached_property
    def tokens(self) -> tuple[Tokens, ...]:
        """The columns of token ids among the inputs, each with its mask."""
        found: list[Tokens] = []
        for name, column in self.sample.items():
            is_ids = column.ndim == 2 and not column.is_floating_point()
            if is_ids and not _NO_TOKENS.search(name) and name not in self.targets:
                if name in self.categories:
                    continue
                prefix = name.removesuffix("input_ids") if "input_ids" in name else ""
                mask = f"{prefix}attention_mask"
                found.append(Tokens(name, mask if mask in self.sample else None))
        return tuple(found)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categorical columns among the inputs, (batch, categories) int64."""
        many = self.batch(_MANY)
        return tuple(
            name
            for name, column in self.sample.items()
            if column.ndim == 2
            and not column.is_floating_point()
            and not re.search(r"ids|token|mask|position|length", name)
            and name not in self.targets
            and many[name].amax().item() > 1.5 * many[name].amax(0).min().item()
        )

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The columns of numbers among the inputs, such as pixels or features."""
        return tuple(
            name
            for name, column in self.sample.items()
            if column.is_floating_point() and name not in self.targets
        )

    @cached_property
    def label_shift(self) -> int | None:
        """How far forward shifts the labels, if the model predicts tokens.

        1 if the labels are the tokens themselves, 0 if they are the next tokens
        already, None if they are something else.
        """
        batch, labels = self.batch(8), self.labels
        if self.is_self_supervised:
            return self._own_shift(batch)
        if labels is None or labels.is_floating_point() or len(self.tokens) != 1:
            return None
        ids, labels = batch[self.tokens[0].ids], batch[_LABELS]
        if ids.shape != labels.shape or ids.shape[1] < 3:
            return None
        counted = labels >= 0
        if counted.any() and (ids == labels)[counted].all():
            return 1
        counted = counted[:, :-1]
        if counted.any() and (ids[:, 1:] == labels[:, :-1])[counted].all():
            return 0
        return None

    def _own_shift(self, batch: Batch) -> int | None:
        """Returns 1 if forward has tokens predict the next ones, without labels."""
        if self.is_noisy or len(self.tokens) != 1:
            return None
        ids, mask = self.tokens[0].ids, self.tokens[0].mask
        if mask is not None:
            batch[mask] = torch.ones_like(batch[mask])
        return 1 if predicts_next_tokens(self.model(), batch, ids) else None

    @cached_property
    def ignore_index(self) -> int:
        """The label that the loss ignores.

        This is the negative label in the batch; or else the number in the description
        of the labels in forward's docstring; or else -100.
        """
        labels = self.labels
        if labels is not None and not labels.is_floating_point() and (labels < 0).any():
            return int(labels.min())
        documented = self._documented_ignore_index
        return _DEFAULT_IGNORE_INDEX if documented is None else documented

    @cached_property
    def has_ignored_labels(self) -> bool:
        """Whether some labels are, or may be, ignored.

        Where each sample has one label, all may have one.
        """
        if self._documented_ignore_index is not None:
            return True
        labels = self.batch(_MANY)[_LABELS]
        return labels.ndim > 1 or bool((labels < 0).any())

    @cached_property
    def _documented_ignore_index(self) -> int | None:
        documented = re.search(
            r"^\s*labels(?: \(.*?\))?:.*?(-\d+)",
            section_of(self.make_model_class.forward.__doc__ or "", _LABELS),
            re.DOTALL | re.MULTILINE,
        )
        return int(documented[1]) if documented else None

    @cached_property
    def make_model_class(self) -> type[nn.Module]:
        """The model's class."""
        return type(self.model())


def _main(outputs: object) -> torch.Tensor | None:
    return outputs.get("logits") if isinstance(outputs, dict) else None


def _belongs(name: str, ids: str) -> bool:
    """Whether a column is the given column of ids, or its mask."""
    return name == ids or (
        "input_ids" in ids and name == ids.replace("input_ids", "attention_mask")
    )
