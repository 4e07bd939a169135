"""Finds out which columns of the user's own table are features, and how many."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data.columns import Classes, Labels, Numbers, Words
from oumi_scaffold.user_data.features import Feature
from oumi_scaffold.user_data.files import rows_to_share, table_of
from oumi_scaffold.user_data.findings import SPLITS_IN_ORDER, UserData
from oumi_scaffold.user_data.tables import LABELS, UserTable

# In a file sorted by class, the number of a row gives its class away. The last is what
# pandas calls the index that it has written.
_ROW_NUMBERS = frozenset(("id", "", "unnamed: 0"))


def classified_rows(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Rows with a class each.

    Raises:
        DataFileError: The file cannot be read, or lacks a class or any feature.
    """
    table, splits = table_of(path, chosen)
    target = Classes(table.column("label", LABELS))
    data = _read(path, table, splits, target)
    arguments = {**data.arguments, "num_classes": target.number}
    return replace(data, arguments=arguments, largest=target.largest).shared()


def measured_rows(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Rows with a quantity each.

    Raises:
        DataFileError: The file cannot be read, or lacks a quantity or any feature.
    """
    table, splits = table_of(path, chosen)
    target = Numbers(table.column("label", LABELS))
    data = _read(path, table, splits, target)
    if target.reason:
        reason = (
            f"{target.columns[0]} does not hold numbers alone: {target.reason}; "
            "correct or remove such rows"
        )
        raise DataFileError(str(table.path), reason)
    kwargs = {**data.dataset_kwargs, "regression": True}
    return replace(data, dataset_kwargs=kwargs).shared()


def _read(
    path: Path, table: UserTable, splits: tuple[str, ...], target: Labels
) -> UserData:
    """Reads the rows once, for the target and for what every other column gives."""
    (label,) = target.columns
    is_csv = table.path.suffix.lower() == ".csv"
    every = {n: Feature(n, is_csv=is_csv) for n in table.names if n != label}
    words = {name: Words(name) for name in every if name.lower() == "split"}
    table.read(target, *every.values(), *words.values())
    kwargs: dict[str, str | bool | int | list[str]] = {}
    if label != "label":
        kwargs["label_column"] = label
    split = next((name for name, each in words.items() if _are_splits(each)), None)
    if split is not None and path.is_file():
        kwargs["split_column"] = split
        splits = tuple(words[split].values)
        del every[split]
    left_out = {n: each.reason for n, each in every.items() if each.reason}
    left_out |= {n: "it numbers the rows" for n in every if n.lower() in _ROW_NUMBERS}
    if split in every:
        left_out[split] = "it names the split"
    late = {*table.names} - {label, split, *every}
    left_out |= dict.fromkeys(sorted(late), "only later rows have it")
    features = {n: each for n, each in every.items() if n not in left_out}
    if not features:
        there = ", ".join(f"{name} ({why})" for name, why in left_out.items())
        reason = f"it has no column to predict {label} from, only {there or label}"
        raise DataFileError(str(table.path), reason)
    if left_out:
        kwargs["feature_columns"] = list(features)
    return UserData(
        "tabular",
        splits,
        dataset_kwargs=kwargs,
        arguments={"num_features": sum(f.num_features for f in features.values())},
        left_out=left_out,
        encoded={n: each.treatment for n, each in features.items() if each.treatment},
        num_rows=rows_to_share(path, table),
        lacking=target.lacking,
    )


def _are_splits(words: Words) -> bool:
    return "train" in words.values and words.values.keys() <= set(SPLITS_IN_ORDER)
