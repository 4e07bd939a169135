"""What the columns of a table are, while its features are not encoded yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from oumi_runtime.exceptions import DataError


@dataclass(frozen=True)
class TableColumn:
    """A column of `features`: numbers, or places in a list of categories.

    Missing values are NaN.
    """

    name: str
    categories: tuple[str, ...] | None = None
    """The categories, in the order of their places; None if the column is numbers."""
    has_gaps: bool = False
    """Whether the file has missing values, even if in none of the chosen rows."""

    @property
    def is_plain(self) -> bool:
        """Whether the values are features as they are."""
        return self.categories is None and not self.has_gaps


TableColumns = tuple[TableColumn, ...]


def unite(
    tables: Sequence[TableColumns], features: Sequence[torch.Tensor]
) -> tuple[TableColumns, list[torch.Tensor]]:
    """Gives several tables the same columns, with the categories of all.

    Args:
        tables: The columns of each.
        features: The values of each, (rows, columns) float32.

    Returns:
        The columns, and the values of each table with the places changed.

    Raises:
        DataError: A column differs in name or place, or is text in one table only.
    """
    united = tuple(map(_united, zip(*tables, strict=True)))
    return united, [
        _moved(values, columns, united)
        for columns, values in zip(tables, features, strict=True)
    ]


def _united(columns: Sequence[TableColumn]) -> TableColumn:
    first = columns[0]
    for other in columns[1:]:
        if other.name != first.name:
            raise DataError(
                "the tables of a split must have the same columns in the same order, "
                f"not {first.name!r} and {other.name!r} in one place; name them with "
                "dataset_kwargs.feature_columns"
            )
        if (other.categories is None) != (first.categories is None):
            raise DataError(
                f"the column {first.name!r} is text in one table of the split and "
                "numbers in another; leave it out with dataset_kwargs.feature_columns"
            )
    found = {name for column in columns for name in column.categories or ()}
    return replace(
        first,
        categories=None if first.categories is None else tuple(sorted(found)),
        has_gaps=any(column.has_gaps for column in columns),
    )


def _moved(
    values: torch.Tensor, columns: TableColumns, united: TableColumns
) -> torch.Tensor:
    """Returns the values with places in the united categories."""
    moved = values
    for number, (column, new) in enumerate(zip(columns, united, strict=True)):
        if column.categories and column.categories != new.categories:
            places = {name: place for place, name in enumerate(new.categories or ())}
            # The last one is that of missing values.
            new_places = [*map(places.__getitem__, column.categories), float("nan")]
            old = values[:, number].nan_to_num(nan=-1).long()
            moved = moved.clone() if moved is values else moved
            moved[:, number] = torch.tensor(new_places)[old]
    return moved
