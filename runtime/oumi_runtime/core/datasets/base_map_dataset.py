"""The base class for a user's own map-style dataset: load rows, transform each."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch.utils.data import Dataset

from oumi_runtime.exceptions import DatasetArgumentError


class BaseMapDataset(Dataset[dict[str, Any]], ABC):
    """A dataset whose rows are loaded once and transformed one at a time.

    A subclass sets `self._data`, a list of mappings or a pandas DataFrame, at the end
    of its constructor, and implements `transform`.
    """

    default_dataset: ClassVar[str | None] = None
    _data: Any

    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_path: str | None = None,
        subset: str | None = None,
        split: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Keeps what the config says of the dataset.

        Args:
            dataset_name: The registered name; `default_dataset` if None.
            dataset_path: The file or folder to read.
            subset: The part of a dataset that has several.
            split: train, validation or test.
            kwargs: Refused; a subclass takes its own by name.

        Raises:
            DatasetArgumentError: An argument that no class on the way up has taken. It
                is a TypeError.
        """
        if kwargs:
            raise DatasetArgumentError(
                f"{type(self).__name__} takes no {', '.join(map(repr, sorted(kwargs)))}"
                "; leave it out of dataset_kwargs, or take it by name"
            )
        self.dataset_name = dataset_name or self.default_dataset
        self.dataset_path = dataset_path
        self.subset = subset
        self.split = split

    @property
    def data(self) -> Any:
        """The rows as they were loaded."""
        return self._data

    def raw(self, idx: int) -> Mapping[str, Any]:
        """One row before its transformation."""
        rows = getattr(self._data, "iloc", self._data)
        row: Mapping[str, Any] = rows[idx]
        return row

    @abstractmethod
    def transform(self, sample: Any) -> dict[str, Any]:
        """Turns a row into what the model's forward takes, by name."""

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, idx: int) -> dict[str, Any]:
        return self.transform(self.raw(idx))
