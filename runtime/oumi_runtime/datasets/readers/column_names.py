"""Finds the columns of a file, and words the errors for those that do not suit."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from oumi_runtime.exceptions import DataError, suggestion


def missing_column(
    where: Path | str, name: str, there: Iterable[str], remedy: str = ""
) -> DataError:
    """Returns the error for a missing column.

    Args:
        where: The file, or the name of the dataset.
        name: The name of the missing column.
        there: The names of the existing columns.
        remedy: What to do about it, if known.
    """
    names = list(there)
    return DataError(
        f"{where} has no column {name!r}{suggestion(name, names)}, only "
        f"{', '.join(names)}" + (f"; {remedy}" if remedy else "")
    )


def require_single(
    where: Path | str, wanted: Iterable[str], there: Sequence[str]
) -> None:
    """Checks that no other column has the name of one that is wanted.

    Raises:
        DataError: Two columns have the same name.
    """
    for name in wanted:
        if there.count(name) > 1:
            raise DataError(f"{where} has two columns named {name!r}; rename one")


def feature_names(
    where: Path | str,
    there: Collection[str],
    chosen: list[str] | None,
    label: str,
    split: str | None,
) -> list[str]:
    """Returns the columns to predict from: those chosen, or else all but these two.

    Args:
        where: The file.
        there: The names of the existing columns.
        chosen: The names given, if any.
        label: The column to predict.
        split: The column with the split of each row, if there is one.

    Raises:
        DataError: A column is missing, or there is none to predict from.
    """
    names = chosen
    if names is None:
        names = [name for name in there if name not in (label, split)]
    if not names:
        raise DataError(f"{where} has no column besides {label!r}")
    for name in names:
        if name not in there:
            remedy = "set dataset_kwargs.feature_columns"
            raise missing_column(where, name, there, remedy)
    return names
