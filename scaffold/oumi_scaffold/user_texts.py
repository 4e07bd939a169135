"""Finds out which columns of the user's own texts a dataset reads, and as what."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_files import (
    LABELS,
    UserData,
    rows_to_share,
    split_files,
    table_of,
)
from oumi_scaffold.user_tables import SUFFIXES, UserTable

_TEXTS = ("text", "sentence", "content", "body", "review", "message", "document")
_SOURCES = ("text", "source", "input", "question", "query", "anchor", "prompt")
_TARGETS = ("target", "output", "answer", "response", "summary", "positive")
_TOKENS = ("tokens", "words", "text")
_TAGS = ("labels", "tags", "ner_tags", "pos_tags", "label")

# What the datasets call their columns by themselves.
_USUAL = {
    "text_column": "text",
    "label_column": "label",
    "target_column": "target",
    "token_column": "tokens",
}


def labelled_texts(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Texts with a class each.

    Raises:
        DataFileError: The file cannot be read, or has no such columns.
    """
    table, splits = table_of(path, chosen)
    text = _texts(table, "text", _TEXTS)
    label = table.column("label", LABELS)
    return UserData(
        "text_classification",
        splits,
        _renamed({"text_column": text, "label_column": label}),
        {"num_classes": table.number_of_classes(label)},
        num_rows=rows_to_share(path, table),
    ).shared()


def plain_texts(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Texts alone: a .txt file is one, a table holds one a row.

    Raises:
        DataFileError: The file cannot be read, is empty, or has no such column.
    """
    splits: tuple[str, ...] = ("train",)
    file = path
    if path.is_dir():
        files = split_files(path, (*SUFFIXES, ".txt"))
        splits, file = tuple(files), files["train"]
    if file.suffix.lower() == ".txt":
        if file.stat().st_size == 0:
            raise DataFileError(str(file), "it is empty")
        if chosen:
            raise DataFileError(str(file), "it has no columns; leave --column out")
        return UserData("text_lm", splits)
    table, _ = table_of(file, chosen)
    text = _texts(table, "text", _TEXTS)
    columns = _renamed({"text_column": text})
    rows = rows_to_share(path, table)
    return UserData("text_lm", splits, columns, num_rows=rows).shared()


def text_pairs(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Texts with the one that goes with each.

    Raises:
        DataFileError: The file cannot be read, or has no two columns of texts.
    """
    table, splits = table_of(path, chosen)
    columns = {
        "text_column": _texts(table, "text", _SOURCES),
        "target_column": _texts(table, "target", _TARGETS),
    }
    rows = rows_to_share(path, table)
    return UserData("text_pairs", splits, _renamed(columns), num_rows=rows).shared()


def tagged_texts(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Lists of tokens with a label each.

    Raises:
        DataFileError: The file cannot be read, or has no such lists.
    """
    table, splits = table_of(path, chosen)
    tokens, labels = table.column("tokens", _TOKENS), table.column("label", _TAGS)
    rows = zip(table.columns[tokens], table.columns[labels], strict=True)
    flat: list[object] = []
    for number, row in enumerate(rows, start=1):
        words, tags = (
            _list(table, v, number, n)
            for v, n in zip(row, (tokens, labels), strict=True)
        )
        if len(words) != len(tags):
            reason = f"row {number} has {len(words)} {tokens} but {len(tags)} {labels}"
            raise DataFileError(str(table.path), reason)
        flat += tags
    num_classes = UserTable(table.path, {labels: flat}).number_of_classes(labels)
    usual = {**_USUAL, "label_column": "labels"}
    columns = {"token_column": tokens, "label_column": labels}
    return UserData(
        "token_classification",
        splits,
        _renamed(columns, usual),
        {"num_classes": num_classes},
        num_rows=rows_to_share(path, table),
    ).shared()


def _list(table: UserTable, value: object, row: int, name: str) -> list[object]:
    if not isinstance(value, list):
        reason = f"row {row}: {name} is {value!r:.40}, which is not a list"
        raise DataFileError(str(table.path), reason)
    return cast(list[object], value)


def _texts(table: UserTable, use: str, usual: Sequence[str]) -> str:
    """The name of a column, all of whose values are texts."""
    name = table.column(use, usual)
    if not table.columns[name]:
        raise DataFileError(str(table.path), "it has no rows")
    for row, value in enumerate(table.columns[name], start=1):
        if not isinstance(value, str):
            reason = f"row {row}: {name} is {value!r:.40}, which is not text"
            raise DataFileError(str(table.path), reason)
    return name


def _renamed(
    columns: Mapping[str, str], usual: Mapping[str, str] = _USUAL
) -> dict[str, str | bool | int | list[str]]:
    """The arguments that name a column other than the usual one."""
    return {key: name for key, name in columns.items() if name != usual[key]}
