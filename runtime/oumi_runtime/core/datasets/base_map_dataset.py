"""The base class for users' own map-style datasets: load rows, transform each."""

import os
import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.datasets.base_arguments import (
    refuse_arguments,
    refuse_remote_code,
)
from oumi_runtime.core.datasets.hugging_face import load_rows
from oumi_runtime.core.datasets.rows.parent_watch import end_with_parent
from oumi_runtime.core.datasets.rows.pickling import pickled
from oumi_runtime.core.datasets.rows.reading import LeftOut, RowReader
from oumi_runtime.exceptions import BadRowError

_ROWS_AT_ONCE = 64


class BaseMapDataset(Dataset[dict[str, Any]], ABC):
    """A dataset whose rows are loaded once and transformed one at a time.

    A subclass sets `self._data`, a list of mappings or a pandas DataFrame, at the end
    of its constructor, and implements `transform`. `self._load_data()` returns the rows
    of the files at `dataset_path`, or else of the dataset of that name on the Hugging
    Face hub.
    """

    default_dataset: ClassVar[str | None] = None
    default_subset: ClassVar[str | None] = None
    reads_split_files: ClassVar[bool] = False
    """Whether only the files named for the split are read from a folder, such as
    `train.csv`; a run can then be resumed although other files there have changed."""
    _data: Any
    _samples: list[dict[str, Any] | LeftOut] | None = None

    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_path: str | None = None,
        subset: str | None = None,
        split: str | None = None,
        trust_remote_code: bool = False,
        transform_num_workers: int | Literal["auto"] | None = None,
        **kwargs: Any,
    ) -> None:
        """Initializes the dataset.

        Args:
            dataset_name: The registered name; `default_dataset` if None.
            dataset_path: The file or folder to read.
            subset: The subset of the dataset; `default_subset` if None.
            split: train, validation or test.
            trust_remote_code: Must be False.
            transform_num_workers: Processes that transform all rows once, before use:
                0 for this process, `auto` for one per core. None transforms each row
                whenever it is read.
            kwargs: Refused; a subclass declares its own arguments by name.

        Raises:
            DatasetArgumentError: An argument that no subclass declares. It is a
                TypeError.
        """
        refuse_arguments(type(self), kwargs)
        refuse_remote_code(type(self), trust_remote_code)
        self.dataset_name = dataset_name or self.default_dataset
        self.dataset_path = dataset_path
        self.subset = subset or self.default_subset
        self.split = split
        self.trust_remote_code = trust_remote_code
        self.transform_num_workers = transform_num_workers

    def _load_data(self) -> Any:
        return load_rows(
            self.default_dataset or self.dataset_name,
            self.dataset_path,
            subset=self.subset,
            split=self.split,
        )

    @property
    def data(self) -> Any:
        """The untransformed rows."""
        return self._data

    def raw(self, idx: int) -> Mapping[str, Any]:
        """Returns one untransformed row."""
        rows = getattr(self._data, "iloc", self._data)
        row: Mapping[str, Any] = rows[idx]
        return row

    @abstractmethod
    def transform(self, sample: Any) -> dict[str, Any]:
        """Converts a row to the keyword arguments of the model's forward."""

    def transform_all(self, *, leaves_out_bad: bool = False) -> None:
        """Transforms all rows once, if `transform_num_workers` is set.

        The samples are kept in memory, in the order of the rows.

        Args:
            leaves_out_bad: Whether to defer the error for a row that cannot be
                transformed until that row is used; otherwise it is raised here.

        Raises:
            BadRowError: A row cannot be transformed.
        """
        num_workers = self.transform_num_workers
        if num_workers is None or self._samples is not None:
            return
        if isinstance(num_workers, str):  # "auto"
            num_workers = os.cpu_count() or 1
        loader = DataLoader(
            RowReader(self, leaves_out_bad=leaves_out_bad),
            batch_size=_ROWS_AT_ONCE,
            num_workers=num_workers,
            collate_fn=pickled,
            worker_init_fn=end_with_parent,
        )
        samples: list[dict[str, Any] | LeftOut] = []
        for numbered in loader:
            samples += [sample for _, sample in pickle.loads(numbered)]
        self._samples = samples

    def as_generator(self) -> Iterator[dict[str, Any]]:
        """Iterates over all samples."""
        for index in range(len(self)):
            yield self[index]

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> dict[str, Any]:
        if self._samples is not None:
            sample = self._samples[idx]
            if isinstance(sample, LeftOut):
                raise BadRowError(str(sample))
            return sample
        return self.transform(self.raw(idx))
