"""The base class for users' own iterable datasets."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets.base_arguments import (
    refuse_arguments,
    refuse_remote_code,
)
from oumi_runtime.core.datasets.hugging_face import load_rows


class BaseIterableDataset(IterableDataset[dict[str, Any]], ABC):
    """A dataset whose rows are read in sequence and transformed as they are read.

    A subclass implements `transform`, and provides the rows by overriding `iter_raw` or
    `_load_data`, or by setting `self._data`. By default the rows come from the files at
    `dataset_path`, or else from the dataset of that name on the Hugging Face hub.

    Training reads the rows in one process and transforms them in the workers, so a
    subclass need not divide the rows among workers or processes.
    """

    default_dataset: ClassVar[str | None] = None
    default_subset: ClassVar[str | None] = None
    reads_split_files: ClassVar[bool] = False
    """Whether only the files named for the split are read from a folder, such as
    `train.csv`; a run can then be resumed although other files there have changed."""
    _data: Iterable[Any] | None = None

    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_path: str | None = None,
        subset: str | None = None,
        split: str | None = None,
        trust_remote_code: bool = False,
        stream: bool = True,
        **kwargs: Any,
    ) -> None:
        """Initializes the dataset.

        Args:
            dataset_name: The registered name; `default_dataset` if None.
            dataset_path: The file or folder to read.
            subset: The subset of the dataset; `default_subset` if None.
            split: train, validation or test.
            trust_remote_code: Must be False.
            stream: Whether to fetch rows as they are needed, rather than all at once.
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
        self.stream = stream

    @property
    def data(self) -> Iterable[Any]:
        """The rows; every iteration starts from the first."""
        if self._data is None:
            self._data = self._load_data()
        return self._data

    def _load_data(self) -> Iterable[Any]:
        rows: Iterable[Any] = load_rows(
            self.default_dataset or self.dataset_name,
            self.dataset_path,
            subset=self.subset,
            split=self.split,
            stream=self.stream,
        )
        return rows

    def iter_raw(self) -> Iterator[Any]:
        """Iterates over the untransformed rows."""
        yield from self.data

    @abstractmethod
    def transform(self, sample: Any) -> dict[str, Any]:
        """Converts a row to the keyword arguments of the model's forward."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self.iter_raw():
            yield self.transform(row)
