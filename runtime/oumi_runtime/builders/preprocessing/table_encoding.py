"""How the columns of a table become the features of a model.

A number stays one, a category is a feature of its own (one-hot), and a column with
missing values has another feature that says where. It is fitted to the training split.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from oumi_runtime.core.datasets import ColumnDataset, TableColumn
from oumi_runtime.exceptions import DataError

_ROWS_AT_ONCE = 8192
_PLAIN, _MISSING, _CATEGORY = _KINDS = ("number", "is missing", "is category")


@dataclass(frozen=True)
class Feature:
    """One feature, and the column that it is made from."""

    column: str
    kind: str
    """`number`; `is missing` and `is category` are 1 where that is so, else 0."""
    category: str | None = None
    mean: float = 0.0
    """The mean of the training split, which replaces missing numbers."""
    is_seen: bool = True
    """False for what no row of the training split has; the feature is then 0."""


class TableEncoding:
    """The features of a model, in their order."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Initializes the encoding."""
        self.features = tuple(features)

    @classmethod
    def fit(cls, dataset: ColumnDataset) -> "TableEncoding":
        """Fits it to the training split.

        Args:
            dataset: A table that is not encoded.

        Raises:
            DataError: A column has no values.
        """
        features: list[Feature] = []
        for place, column in enumerate(dataset.table_columns or ()):
            features += _fit_column(column, _values(dataset, place))
        return cls(features)

    def apply(self, dataset: ColumnDataset) -> ColumnDataset:
        """Encodes the features of a table; a table of plain numbers is unchanged.

        Args:
            dataset: A table that is not encoded; columns of other names are ignored.

        Raises:
            DataError: A column is missing, or is text in one split only.
        """
        columns = {column.name: column for column in dataset.table_columns or ()}
        self._check(dataset, columns)
        is_plain = all(column.is_plain for column in columns.values())
        if is_plain and list(columns) == [each.column for each in self.features]:
            return dataset
        places = {name: place for place, name in enumerate(columns)}
        values = dataset.columns["features"]
        assert isinstance(values, torch.Tensor)
        encoded = values.new_zeros(len(values), len(self.features))
        for start in range(0, len(values), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            for number, feature in enumerate(self.features):
                column = columns[feature.column]
                part = values[rows, places[feature.column]]
                encoded[rows, number] = _encoded(feature, column, part)
        return ColumnDataset(
            {**dataset.columns, "features": encoded},
            label_names=dataset.label_names,
            origin=dataset.origin,
        )

    def _check(
        self, dataset: ColumnDataset, columns: Mapping[str, TableColumn]
    ) -> None:
        for name, is_text in self.are_texts.items():
            if name not in columns:
                raise DataError(
                    f"the data has no column {name!r}, which the model was trained "
                    f"on, only {', '.join(columns)}"
                )
            if is_text == (columns[name].categories is not None):
                continue
            values = _values(dataset, list(columns).index(name))
            if not values.isnan().all():
                kinds = ("text", "numbers") if is_text else ("numbers", "text")
                raise DataError(
                    f"the column {name!r} holds {kinds[1]}, and held {kinds[0]} when "
                    "the model was trained"
                )

    @property
    def are_texts(self) -> dict[str, bool]:
        """Whether each column was text, by name, in their order."""
        return {each.column: each.kind == _CATEGORY for each in self.features}

    def to_json(self) -> str:
        """Returns what `from_json` reads, one feature a line."""
        lines = (
            json.dumps(_without_defaults(feature), ensure_ascii=False)
            for feature in self.features
        )
        return "[\n" + ",\n".join(lines) + "\n]\n"

    @classmethod
    def from_json(cls, content: Any, where: str) -> "TableEncoding":
        """Makes an encoding from the content of a file.

        Raises:
            DataError: It is not a list of features.
        """
        try:
            features = [Feature(**each) for each in content]
        except TypeError:
            features = []
        if not features or not all(map(_is_sound, features)):
            raise DataError(f"{where} is not a list of features")
        return cls(features)


def _values(dataset: ColumnDataset, place: int) -> torch.Tensor:
    values = dataset.columns["features"]
    assert isinstance(values, torch.Tensor)
    return values[:, place]


def _fit_column(column: TableColumn, values: torch.Tensor) -> Iterator[Feature]:
    """Yields the features of a column, given its values in the training split."""
    known = values[~values.isnan()] if not column.is_plain else values
    if not len(known):
        raise DataError(
            f"the column {column.name!r} has no values in the training split; leave it "
            "out with dataset_kwargs.feature_columns"
        )
    if column.categories is None:
        yield Feature(column.name, _PLAIN, mean=known.mean(dtype=torch.float64).item())
        if column.has_gaps:
            is_seen = len(known) < len(values)
            yield Feature(column.name, _MISSING, is_seen=is_seen)
        return
    counts = known.long().bincount(minlength=len(column.categories)).tolist()
    for category, count in zip(column.categories, counts, strict=True):
        yield Feature(column.name, _CATEGORY, category, is_seen=count > 0)


def _encoded(
    feature: Feature, column: TableColumn, values: torch.Tensor
) -> torch.Tensor | float:
    if feature.kind == _PLAIN:
        return torch.where(values.isnan(), feature.mean, values)
    if not feature.is_seen:
        return 0.0
    if feature.kind == _MISSING:
        return values.isnan().float()
    categories = column.categories or ()
    if feature.category not in categories:
        return 0.0
    return values.eq(categories.index(feature.category)).float()


def _is_sound(feature: Feature) -> bool:
    is_finite = isinstance(feature.mean, int | float) and math.isfinite(feature.mean)
    return feature.kind in _KINDS and isinstance(feature.column, str) and is_finite


def _without_defaults(feature: Feature) -> dict[str, Any]:
    usual = asdict(Feature(feature.column, feature.kind))
    given = asdict(feature)
    needed = ("column", "kind")
    return {k: v for k, v in given.items() if k in needed or v != usual[k]}
