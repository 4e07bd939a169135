"""Finds what to predict from: a file, what is handed over, or a split of the config."""

import inspect
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders.collators import collated
from oumi_runtime.builders.data.own_texts import texts_of_sample
from oumi_runtime.builders.data.splits import read_split, warn_of_lone_share
from oumi_runtime.builders.predicting.input_readers import InputReader
from oumi_runtime.builders.predicting.own_datasets import OwnDataset, own_dataset_of
from oumi_runtime.builders.preprocessing.preprocessing import Preprocessing
from oumi_runtime.core.configs import DatasetParams, DatasetSplit, TrainingConfig
from oumi_runtime.core.datasets import (
    PlainTexts,
    Stream,
    StreamSource,
    TaggedTexts,
    TextPairs,
)
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.datasets.inputs.images import ImageFiles
from oumi_runtime.datasets.inputs.texts import TextKind
from oumi_runtime.exceptions import DataError

Source = str | os.PathLike[str] | Iterable[Any]

_KINDS = (
    (PlainTexts, TextKind.PROMPT),
    (TaggedTexts, TextKind.TOKENS),
    (TextPairs, TextKind.SOURCE),
)


@dataclass(frozen=True)
class Inputs:
    """What to predict from, prepared for the model."""

    stream: Stream
    kind: TextKind | None
    """The kind of the texts; None if the model does not read texts."""
    files: Sequence[Path] | None
    """The file of each input, if each has its own."""

    @property
    def num_inputs(self) -> int | None:
        """The number of inputs; None if it is not known before they are read."""
        return self.stream.num_samples

    @property
    def gives_rows(self) -> bool:
        """Whether inputs are made one by one, which workers can do."""
        return any(source.gives_rows for source in self.stream.sources)


def build_inputs(
    config: TrainingConfig,
    source: Source | None,
    model: nn.Module,
    preprocessing: Preprocessing,
    bad_samples: BadSamples | None = None,
) -> Inputs:
    """Reads inputs, and prepares them for the model.

    Args:
        config: The config that the model was trained with.
        source: A file or folder; or texts, or rows. None for the test split of the
            config, or else the validation split.
        model: The model.
        preprocessing: The tokenizer of the model.
        bad_samples: Counts the rows of a split that are left out.

    Raises:
        DataError: There are no such inputs, or the model does not read them.
    """
    split = _split_like(config, is_read=source is None)
    dataset: Dataset[Any] | None = None
    if source is None:
        warn_of_lone_share(config.data, split)
        dataset = read_split(_unpacked(config, split), split, bad_samples)
    reader = _reader_of(config, split, model, preprocessing, dataset)
    if isinstance(source, str | os.PathLike):
        dataset = reader.read_path(Path(source))
    elif source is not None:
        dataset = reader.read_given(source)
    assert dataset is not None
    files = dataset.files if isinstance(dataset, ImageFiles) else None
    if not isinstance(dataset, Stream):
        dataset = Stream([StreamSource(dataset)])
    stream = preprocessing.apply_to_inputs(dataset)
    prepared = collated(stream, config, split, preprocessing)
    assert isinstance(prepared, Stream)
    return Inputs(prepared, reader.kind, files)


def build_input_reader(
    config: TrainingConfig, model: nn.Module, preprocessing: Preprocessing
) -> InputReader:
    """Returns what reads inputs that are like the data of a config.

    Raises:
        DataError: The config has no data.
    """
    split = _split_like(config, is_read=False)
    return _reader_of(config, split, model, preprocessing)


def _reader_of(
    config: TrainingConfig,
    split: DatasetSplit,
    model: nn.Module,
    preprocessing: Preprocessing,
    data: Dataset[Any] | None = None,
) -> InputReader:
    """Returns what reads inputs like those of a split; `data` is what that holds."""
    params = config.data.get_split(split)
    first, table = params.datasets[0], preprocessing.table
    own = own_dataset_of(first)
    kind = None
    if preprocessing.tokenizer is not None:
        kind = _kind_of(first) if own is None else _kind_of_own(own, data)
    return InputReader(first, kind, params.target_col, model, table, own)


def _split_like(config: TrainingConfig, *, is_read: bool) -> DatasetSplit:
    """Returns the split to read, or whose data the inputs are like."""
    splits = [DatasetSplit.TEST, DatasetSplit.VALIDATION]
    if not is_read:
        splits.append(DatasetSplit.TRAIN)
    for split in splits:
        if config.data.get_split(split).datasets:
            return split
    raise DataError(
        "there is no data to predict from; name a file, or datasets under data.test"
    )


def _unpacked(config: TrainingConfig, split: DatasetSplit) -> TrainingConfig:
    """Returns the config with the samples of the split one by one."""
    params = replace(config.data.get_split(split), pack=False)
    changed: dict[str, Any] = {split.value: params}
    return replace(config, data=replace(config.data, **changed))


def _kind_of(params: DatasetParams) -> TextKind:
    dataset_class = REGISTRY.get_dataset(params.dataset_name, params.subset)
    if inspect.isclass(dataset_class):
        for base, kind in _KINDS:
            if issubclass(dataset_class, base):
                return kind
    return TextKind.TEXT


def _kind_of_own(own: OwnDataset, data: Dataset[Any] | None) -> TextKind:
    """Returns the kind of the texts of a user's dataset, by its first sample."""
    if data is None:
        texts: Any = texts_of_sample(own.first_sample)
    else:
        texts = data.first_texts(1) if isinstance(data, Stream) else data
    kinds = (kind for base, kind in _KINDS if isinstance(texts, base))
    return next(kinds, TextKind.TEXT)
