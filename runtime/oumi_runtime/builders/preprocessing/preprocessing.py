"""What a model needs to read data: its tokenizer, class names and features.

They are saved with the model, which is useless without them; `fitting` makes them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch.utils.data import Dataset

from oumi_runtime.builders.preprocessing.table_encoding import TableEncoding
from oumi_runtime.builders.tokenizing.pretrained_tokenizers import (
    TOKENIZER_FILENAME,
    read_tokenizer,
)
from oumi_runtime.builders.tokenizing.text_encoder import TextEncoder
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.datasets import (
    ColumnDataset,
    PlainTexts,
    Stream,
    TextColumns,
)
from oumi_runtime.core.files import read_json, write_whole
from oumi_runtime.exceptions import (
    BadRowError,
    BadSampleError,
    DataError,
    UnsafeFileError,
    suggestion,
)

LABELS_FILENAME = "labels.json"
FEATURES_FILENAME = "features.json"
FILENAMES = (TOKENIZER_FILENAME, LABELS_FILENAME, FEATURES_FILENAME)
DEFAULT_MAX_LENGTH = 128


@dataclass(frozen=True)
class Preprocessing:
    """The tokenizer, class names and features of a model; None if it has no such."""

    tokenizer: Tokenizer | None
    label_names: list[str] | None
    max_length: int = DEFAULT_MAX_LENGTH
    """The maximum number of tokens in a text; longer texts are truncated."""
    pad_token_id: int = 0
    """The token id that pads shorter texts in a batch."""
    table: TableEncoding | None = None

    def apply(self, dataset: Dataset[Any]) -> Dataset[Any]:
        """Tokenizes texts and encodes tables; other datasets are returned unchanged.

        The texts of a stream are tokenized as they are read.

        Raises:
            BadRowError: A label is not one of the classes.
            BadSampleError: So it is, and where the sample comes from is not known.
            DataError: There is no tokenizer, or see `TableEncoding.apply`.
        """
        if isinstance(dataset, Stream):
            return self._apply_to_stream(dataset)
        if isinstance(dataset, ColumnDataset) and dataset.table_columns is not None:
            return self._apply_to_table(dataset)
        if not isinstance(dataset, TextColumns):
            return dataset
        label_ids = partial(self._label_ids, self._are_names(dataset))
        origin = dataset.origin
        try:
            columns = self._encoder.encode(dataset, label_ids) | dataset.number_columns
        except BadSampleError as error:
            if origin is None:
                raise
            where = origin.describe(error.sample)
            raise BadRowError(f"{where}: {error.reason}") from error
        if origin is not None and isinstance(dataset, PlainTexts):
            origin = origin.packed()
        return ColumnDataset(columns, label_names=self.label_names, origin=origin)

    def apply_to_inputs(self, stream: Stream) -> Stream:
        """Prepares a stream to predict from, as it is read; labels are not needed.

        Tables are encoded, and texts tokenized as `TextEncoder.encode_inputs` does.
        """
        return stream.changed(prepare=self._inputs_of)

    def _inputs_of(self, data: TextColumns | ColumnDataset) -> ColumnDataset:
        if isinstance(data, ColumnDataset):
            return self._apply_to_table(data)
        return ColumnDataset(self._encoder.encode_inputs(data) | data.number_columns)

    def unknown_labels(self, dataset: TextColumns) -> dict[int, str]:
        """Returns why samples have no class, by their index, of all that have none."""
        are_names = self._are_names(dataset)
        names = {
            label: str(label)
            for label in set(dataset.all_labels)
            if are_names or isinstance(label, str)
        }
        ids = self._ids_of_names()
        reasons = {
            label: _unknown(name, ids)
            for label, name in names.items()
            if name not in ids
        }
        if not reasons:
            return {}
        labels = dataset.columns.get("label")
        rows = dataset.columns["labels"] if labels is None else zip(labels)
        firsts = (next(filter(reasons.__contains__, row), None) for row in rows)
        return {
            sample: reasons[label]
            for sample, label in enumerate(firsts)
            if label is not None
        }

    def _are_names(self, dataset: TextColumns) -> bool:
        # A split whose classes all look like numbers has them as numbers, even if the
        # training split also has names.
        return self.label_names is not None and dataset.label_names is None

    def _ids_of_names(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.label_names or ())}

    @cached_property
    def _encoder(self) -> TextEncoder:
        if self.tokenizer is None:
            raise DataError("texts need a tokenizer; set model.tokenizer_name")
        return TextEncoder(self.tokenizer, self.max_length, self.pad_token_id)

    def _apply_to_stream(self, stream: Stream) -> Stream:
        """Returns a stream that tokenizes its texts as they are read."""
        if isinstance(stream.first_texts(1), PlainTexts):
            return stream.changed(prepare=self.apply, block_size=self.max_length)
        return stream.changed(prepare=self.apply)

    def _apply_to_table(self, dataset: ColumnDataset) -> ColumnDataset:
        if self.table is not None:
            return self.table.apply(dataset)
        for column in dataset.table_columns or ():
            if not column.is_plain:
                raise DataError(
                    f"the column {column.name!r} has text or missing values, and the "
                    "model was trained on numbers alone; train it again"
                )
        return dataset

    def _label_ids(self, by_name: bool, labels: Sequence[int | str]) -> list[int]:
        ids = self._ids_of_names()
        return [
            _label_id(str(label), ids, sample)
            if by_name or isinstance(label, str)
            else label
            for sample, label in enumerate(labels)
        ]

    def save(self, folder: Path) -> None:
        """Writes `tokenizer.json`, `labels.json` and `features.json`.

        Without a tokenizer, classes or a table, an older file of that name is removed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        files = self.files
        for name in FILENAMES:
            if name in files:
                write_whole(folder / name, files[name])
            else:
                (folder / name).unlink(missing_ok=True)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The content of the files that `save` writes, by name."""
        files = {}
        if self.tokenizer is not None:
            token = self.tokenizer.id_to_token(self.pad_token_id) or ""
            # Padding is on only in the file; in memory, columns are padded, not texts.
            self.tokenizer.enable_padding(pad_id=self.pad_token_id, pad_token=token)
            try:
                files[TOKENIZER_FILENAME] = self.tokenizer.to_str(pretty=True).encode()
            finally:
                self.tokenizer.no_padding()
        if self.label_names is not None:
            text = json.dumps(self.label_names, indent=1, ensure_ascii=False)
            files[LABELS_FILENAME] = (text + "\n").encode()
        if self.table is not None:
            files[FEATURES_FILENAME] = self.table.to_json().encode()
        return files

    def digest(self) -> str:
        """Returns a short hash of the files that `save` writes."""
        content = repr(sorted(self.files.items()))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @classmethod
    def load(cls, folder: Path, model_params: ModelParams) -> "Preprocessing":
        """Reads what `save` wrote.

        Raises:
            DataError: A file is damaged.
        """
        path, labels = folder / TOKENIZER_FILENAME, folder / LABELS_FILENAME
        features = folder / FEATURES_FILENAME
        tokenizer, pad_token_id = None, 0
        if path.exists():
            tokenizer = read_tokenizer(path)
            pad_token_id = (tokenizer.padding or {"pad_id": 0})["pad_id"]
            tokenizer.no_padding()
        return cls(
            tokenizer,
            _read_labels(labels) if labels.exists() else None,
            model_params.model_max_length or DEFAULT_MAX_LENGTH,
            pad_token_id,
            _read_features(features) if features.exists() else None,
        )


def _read_features(path: Path) -> TableEncoding:
    return TableEncoding.from_json(_content_of(path), str(path))


def _content_of(path: Path) -> Any:
    try:
        return read_json(path)
    except UnsafeFileError as error:
        raise DataError(str(error)) from error


def _read_labels(path: Path) -> list[str]:
    names = _content_of(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path} is not a list of class names")
    return names


def _label_id(name: str, ids: Mapping[str, int], sample: int) -> int:
    if name not in ids:
        raise BadSampleError(sample, _unknown(name, ids))
    return ids[name]


def _unknown(name: str, ids: Mapping[str, int]) -> str:
    return (
        f"the label {name!r}{suggestion(name, ids)} is not a class of the training "
        f"split: {', '.join(ids)}"
    )
