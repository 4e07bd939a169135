"""Reads what a user wants predictions for, in the form of the data of a config."""

import inspect
import stat
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders.data.datasets import build_dataset
from oumi_runtime.builders.predicting.own_datasets import OwnDataset
from oumi_runtime.builders.preprocessing.table_encoding import TableEncoding
from oumi_runtime.core.configs import DatasetParams
from oumi_runtime.core.models.targets import USUAL_TARGETS, needed_arguments
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.datasets import (
    Digits,
    DigitsTable,
    ImageFolder,
    NpzFile,
    StdlibFunctions,
    Tabular,
)
from oumi_runtime.datasets.inputs.features import (
    FeatureColumns,
    FeatureFile,
    GivenFeatures,
)
from oumi_runtime.datasets.inputs.images import ImageFiles
from oumi_runtime.datasets.inputs.texts import (
    GivenTexts,
    TextInputFile,
    TextKind,
    lines_of,
)
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.datasets.readers.split_files import split_file
from oumi_runtime.exceptions import DataError

STDIN = "-"
_IMAGES, _TABLES = (Digits, ImageFolder), (DigitsTable, StdlibFunctions, Tabular)
_NO_FEATURES = ("label", "labels", "split")


@dataclass(frozen=True)
class ImageOptions:
    """How pictures are read: resized bilinearly, and scaled to 0..1."""

    image_size: int | None
    """Side length in pixels; None if they keep their sizes."""
    channels: int
    """1 for greyscale, 3 for RGB."""


@dataclass(frozen=True)
class InputReader:
    """Reads inputs like those of a dataset of the config, but without labels."""

    params: DatasetParams
    """The dataset of the config."""
    kind: TextKind | None
    """The kind of its texts; None if the model does not read texts."""
    target_col: str | None
    """The column of the texts, if the split names it."""
    model: nn.Module
    table: TableEncoding | None
    """How the columns of tables become features; None if they are features."""
    own: OwnDataset | None = None
    """The dataset, if its class is the user's."""

    def read_path(self, path: Path) -> Dataset[Any]:
        """Reads a file, a folder of images, or lines from a pipe.

        Args:
            path: `-` is the standard input.

        Raises:
            DataError: There is no such file, or it is not of a form that the model
                reads.
        """
        if str(path) != STDIN and not path.exists():
            raise DataError(
                f"no file or folder at {path}; to predict from a text itself, use "
                "--text, or a list in Python"
            )
        is_pipe = str(path) == STDIN or stat.S_ISFIFO(path.stat().st_mode)
        has_rows = not is_pipe and path.suffix.lower() not in (".txt", ".npz")
        if self.own is not None and has_rows:
            return self._read_own(path, self.own)
        if self.kind is not None:
            return self._read_texts(path, self.kind, is_pipe)
        if is_pipe:
            raise DataError(
                f"{path}: only texts are read from a pipe, and this model reads none; "
                "name a file"
            )
        if self._is_of_images and path.suffix.lower() != ".npz":
            return ImageFiles(path, *self._own_image_options)
        if self._is_of_features and path.suffix.lower() != ".npz":
            return FeatureFile(path, self.feature_columns)
        if self.own is not None or self._class in (*_IMAGES, *_TABLES, NpzFile):
            return NpzFile(str(path))
        return self._read_like_the_data(path)

    def read_given(self, inputs: Iterable[Any]) -> Dataset[Any]:
        """Reads inputs that are handed over one at a time.

        Args:
            inputs: Texts, lists of tokens, or mappings of column names to values.

        Raises:
            DataError: The model does not read such inputs.
        """
        if isinstance(inputs, Mapping):
            raise DataError(
                "the inputs are one mapping; give a list of mappings, of one if it is "
                "one input"
            )
        if isinstance(inputs, list | tuple) and not inputs:
            raise DataError("there are no inputs: the list of them is empty")
        if self.kind is not None:
            column = self._text_column(self.kind)
            return GivenTexts(inputs, self.kind, "input", column, self._arguments)
        name = type(self.model).__name__
        if isinstance(inputs, list | tuple) and any(isinstance(x, str) for x in inputs):
            raise DataError(f"{name} reads no texts; name a file that it reads")
        if self._is_of_features:
            return GivenFeatures(inputs, self.feature_columns)
        return GivenSamples(inputs, name, None if self._takes_any else self._arguments)

    def _read_texts(self, path: Path, kind: TextKind, is_pipe: bool) -> Dataset[Any]:
        if is_pipe or path.suffix.lower() == ".txt":
            where = "stdin: line" if str(path) == STDIN else f"{path}: line"
            return GivenTexts(lines_of(_lines(path), where), kind, where)
        if path.is_dir():
            raise DataError(
                f"{path} is a folder; name a .jsonl, .json, .csv, .parquet or .arrow "
                "file, or a .txt file with one text a line"
            )
        return TextInputFile(path, kind, self._text_column(kind))

    def _text_column(self, kind: TextKind) -> str:
        named = self.params.dataset_kwargs.get(kind.column_argument)
        return named or self.target_col or kind.column

    def _read_own(self, path: Path, own: OwnDataset) -> Dataset[Any]:
        needed = needed_arguments(self.model) - USUAL_TARGETS
        if self.kind is None:
            return own.samples_of(path, needed, of_texts=False)
        column, where = self.kind.column, f"{path}: row"
        samples = own.samples_of(path, {column, *needed}, of_texts=True)
        return GivenTexts(samples, self.kind, where, column, self._arguments)

    def _read_like_the_data(self, path: Path) -> Dataset[Any]:
        kwargs = dict(self.params.dataset_kwargs)
        if self._class is None:  # What reads any other data needs no labels.
            kwargs.pop("label_column", None)
        else:
            kwargs |= {"subset": self.params.subset, "split": self.params.split}
        return build_dataset(self.params.dataset_name, dataset_path=str(path), **kwargs)

    @property
    def _takes_any(self) -> bool:
        parameters = inspect.signature(self.model.forward).parameters.values()
        return any(p.kind is p.VAR_KEYWORD for p in parameters)

    @property
    def _arguments(self) -> frozenset[str]:
        """What forward takes by name, but for labels."""
        names = inspect.signature(self.model.forward).parameters
        return frozenset(names) - USUAL_TARGETS

    @property
    def _class(self) -> Any:
        return REGISTRY.get_dataset(self.params.dataset_name, self.params.subset)

    @property
    def _is_of_images(self) -> bool:
        if self._class is NpzFile:
            return self._takes("images")
        return self._class in _IMAGES

    @property
    def _is_of_features(self) -> bool:
        if self._class is NpzFile:
            return self._takes("features")
        return self._class in _TABLES

    def _takes(self, name: str) -> bool:
        return name in inspect.signature(self.model.forward).parameters

    @property
    def image_options(self) -> ImageOptions | None:
        """How pictures become `images`; None if the model is given none."""
        if not self._takes("images"):
            return None
        if self._class is None:
            # Read by `load_hugging_face`, which has these defaults.
            given = self.params.dataset_kwargs
            return ImageOptions(given.get("image_size"), given.get("channels", 3))
        return ImageOptions(*self._own_image_options) if self._is_of_images else None

    @property
    def _own_image_options(self) -> tuple[int | None, int]:
        """The size and the channels of images, from the data or the model."""
        given, own = self.params.dataset_kwargs, self._constructor_arguments
        usual_size, usual_channels = (8, 1) if self._class is Digits else (None, 3)
        size = given.get("image_size") or own.get("image_size") or usual_size
        channels = given.get("channels") or own.get("in_channels") or usual_channels
        return size if isinstance(size, int) else None, channels

    @property
    def feature_columns(self) -> FeatureColumns:
        """The columns of a table that the model reads."""
        given = self.params.dataset_kwargs
        own = [given.get("label_column"), given.get("split_column"), *_NO_FEATURES]
        others = [name for name in own if name is not None]
        number = self._constructor_arguments.get("num_features")
        return FeatureColumns(
            None if self.table is None else self.table.are_texts,
            given.get("feature_columns") or self._trained_columns(others),
            others,
            number if isinstance(number, int) else None,
        )

    def _trained_columns(self, others: list[str]) -> list[str] | None:
        """Returns the columns of the config's own data, if it is still there."""
        if self._class is not Tabular or self.params.dataset_path is None:
            return None
        try:
            path = split_file(Path(self.params.dataset_path), self.params.split)
            there = RecordFile(path, reads_lists=True).first_row
        except DataError:
            return None
        return [name for name in there if name not in others]

    @property
    def _constructor_arguments(self) -> Mapping[str, Any]:
        found = getattr(self.model, "init_kwargs", None)
        return found if isinstance(found, dict) else {}


class GivenSamples(Dataset[Any]):
    """What a model's forward takes, handed over by the caller."""

    def __init__(
        self, samples: Iterable[Any], model_name: str, arguments: Container[str] | None
    ) -> None:
        """Checks the samples, which are kept in memory.

        Args:
            samples: Mappings of forward's arguments to values; others are left out.
            model_name: What the model is called in messages.
            arguments: The arguments, but for labels; None if it takes any.

        Raises:
            DataError: One is not such a mapping.
        """
        self.dataset_name = "the inputs"
        self._samples = list(samples)
        self._arguments = arguments
        for number, sample in enumerate(self._samples, 1):
            if not isinstance(sample, Mapping):
                raise DataError(
                    f"input {number} is {sample!r:.40}; for {model_name}, give a "
                    "mapping of what its forward takes to tensors or numbers, or name "
                    "a file"
                )

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Any:
        sample, taken = self._samples[index], self._arguments
        if taken is None:
            return sample
        return {name: value for name, value in sample.items() if name in taken}


def _lines(path: Path) -> Iterator[bytes]:
    if str(path) == STDIN:
        yield from sys.stdin.buffer
        return
    with path.open("rb") as file:
        yield from file
