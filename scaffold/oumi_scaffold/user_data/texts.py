"""Finds out which columns of the user's own texts a dataset reads, and as what."""

from collections.abc import Mapping
from pathlib import Path

from oumi_scaffold.exceptions import DataFileError
from oumi_scaffold.user_data.columns import Classes, Tags, Texts
from oumi_scaffold.user_data.files import rows_to_share, split_files, table_of
from oumi_scaffold.user_data.findings import SPLITS_IN_ORDER, DatasetKwargs, UserData
from oumi_scaffold.user_data.tables import LABELS, SUFFIXES

_TEXTS = ("text", "sentence", "content", "body", "review", "message", "document")
_SOURCES = ("text", "source", "input", "question", "query", "anchor", "prompt")
_TARGETS = ("target", "output", "answer", "response", "summary", "positive")
_TOKENS = ("tokens", "words", "text")
_TAGS = ("labels", "tags", "ner_tags", "pos_tags", "label")

# A tenth of fewer is not enough for some blocks of tokens to measure a model by.
_FEWEST_BYTES_TO_SHARE = 20_000

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
    texts = Texts(table.column("text", _TEXTS))
    classes = Classes(table.column("label", LABELS))
    table.read(texts, classes)
    (text,), (label,) = texts.columns, classes.columns
    return UserData(
        "text_classification",
        splits,
        _renamed({"text_column": text, "label_column": label}),
        {"num_classes": classes.number},
        num_rows=rows_to_share(path, table),
        lacking=classes.lacking,
        largest=classes.largest,
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
        num_bytes = file.stat().st_size
        if num_bytes == 0:
            raise DataFileError(str(file), "it is empty")
        if chosen:
            raise DataFileError(str(file), "it has no columns; leave --column out")
        if file is path and num_bytes >= _FEWEST_BYTES_TO_SHARE:
            return UserData("text_lm", SPLITS_IN_ORDER, is_shared=True)
        return UserData("text_lm", splits)
    table, _ = table_of(file, chosen)
    text = table.column("text", _TEXTS)
    table.read(Texts(text))
    columns = _renamed({"text_column": text})
    rows = rows_to_share(path, table)
    return UserData("text_lm", splits, columns, num_rows=rows).shared()


def text_pairs(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Texts with the one that goes with each.

    Raises:
        DataFileError: The file cannot be read, or has no two columns of texts.
    """
    table, splits = table_of(path, chosen)
    text, target = table.column("text", _SOURCES), table.column("target", _TARGETS)
    table.read(Texts(text), Texts(target))
    columns = {"text_column": text, "target_column": target}
    rows = rows_to_share(path, table)
    return UserData("text_pairs", splits, _renamed(columns), num_rows=rows).shared()


def tagged_texts(path: Path, chosen: Mapping[str, str]) -> UserData:
    """Lists of tokens with a label each.

    Raises:
        DataFileError: The file cannot be read, or has no such lists.
    """
    table, splits = table_of(path, chosen)
    tokens, labels = table.column("tokens", _TOKENS), table.column("label", _TAGS)
    tags = Tags(tokens, labels)
    table.read(tags)
    usual = {**_USUAL, "label_column": "labels"}
    columns = {"token_column": tokens, "label_column": labels}
    return UserData(
        "token_classification",
        splits,
        _renamed(columns, usual),
        {"num_classes": tags.number},
        num_rows=rows_to_share(path, table),
        largest=tags.largest,
    ).shared()


def _renamed(
    columns: Mapping[str, str], usual: Mapping[str, str] = _USUAL
) -> DatasetKwargs:
    """The arguments that name a column other than the usual one."""
    return {key: name for key, name in columns.items() if name != usual[key]}
