"""Texts of users' own datasets, in the form that the builders tokenize.

A dataset whose samples hold texts rather than tensors need not tokenize them: they are
read once, or streamed in blocks, and tokenized like those of the built-in datasets.
"""

import contextlib
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets import (
    Block,
    BlockDataset,
    ColumnDataset,
    PlainTexts,
    Stream,
    StreamSource,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
    UnlabelledTexts,
)
from oumi_runtime.core.datasets.rows.bad_rows import reject_row
from oumi_runtime.core.datasets.rows.numbers import numbers_like, shown
from oumi_runtime.core.datasets.rows.reading import in_one_line
from oumi_runtime.core.datasets.rows.seeding import random_numbers_from
from oumi_runtime.exceptions import BadRowError, DataError

# A row that cannot be read may be left out later, and does not say what the others are.
_MOST_UNREADABLE = 10
# Where a sample has one of these beside its texts, it is tokenized already.
_MADE_OF_TEXTS = frozenset(("input_ids", "attention_mask", "labels"))
# What fits no form with one of these is told of by the collator.
_TEXTS = frozenset(("text", "tokens", "label", "labels", "target"))
# A text beside one of these is of another form, whose value is wrong.
_OF_OTHER_FORMS = frozenset(("label", "target"))


class _Form(NamedTuple):
    """One kind of sample: a function that reads the value of each of its fields."""

    fields: Mapping[str, Callable[[Any], Any]]
    of_columns: Callable[[dict[str, list[Any]], list[str] | None], TextColumns]
    least_others: int = 0
    """How many more fields there are at least, which hold numbers."""
    most_others: float = math.inf
    """How many there may be."""

    def with_fields_of(self, sample: Mapping[str, Any]) -> "_Form":
        """Returns the form with the further fields of a sample, of numbers."""
        more = {n: numbers_like(v) for n, v in sample.items() if n not in self.fields}
        return self._replace(fields={**self.fields, **more})

    def fits(self, sample: Mapping[str, Any]) -> bool:
        """Whether a sample has the fields, and none that it must not have."""
        others = sample.keys() - self.fields.keys()
        if not self.fields.keys() <= sample.keys() or others & _MADE_OF_TEXTS:
            return False
        if self.least_others and others & _OF_OTHER_FORMS:
            return False
        return self.least_others <= len(others) <= self.most_others

    def values(self, sample: Any) -> tuple[Any, ...]:
        """Returns the values of a sample's fields.

        Raises:
            DataError: A field is missing, or is something else.
        """
        if not isinstance(sample, Mapping) or sample.keys() != self.fields.keys():
            found = ", ".join(sample) if isinstance(sample, Mapping) else repr(sample)
            raise DataError(f"has {found:.60} where others have {self}")
        values: list[Any] = []
        for name, read in self.fields.items():
            try:
                values.append(read(sample[name]))
            except (TypeError, ValueError) as error:
                given = shown(sample[name])
                raise DataError(f"{name!r} is {given}, {error}") from None
        return tuple(values)

    def __str__(self) -> str:
        return " and ".join(self.fields)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value


def _label(value: Any) -> int | str:
    try:
        return value if isinstance(value, str) else operator.index(value)
    except TypeError:
        raise TypeError("neither an integer nor a class name") from None


_FORMS = (
    _Form(
        {"text": _text, "label": _label},
        lambda of, names: TextDataset(of["text"], of["label"], label_names=names),
    ),
    _Form(
        {
            "tokens": lambda value: list(map(_text, value)),
            "labels": lambda value: list(map(_label, value)),
        },
        lambda of, names: TaggedTexts(of["tokens"], of["labels"], label_names=names),
    ),
    _Form(
        {"text": _text, "target": _text},
        lambda of, _: TextPairs(of["text"], of["target"]),
    ),
    _Form({"text": _text}, lambda of, _: PlainTexts(of["text"]), most_others=0),
    _Form({"text": _text}, lambda of, _: UnlabelledTexts(of["text"]), least_others=1),
)


def with_texts_found(
    dataset: Dataset[Any], *, stream: bool, name: str | None = None
) -> Dataset[Any]:
    """Returns a dataset whose samples hold texts as one that the builders tokenize.

    Args:
        dataset: Any dataset; one whose samples are tensors is returned unchanged. A
            sample holds texts if its fields are `text` and `label`; `tokens` and
            `labels`; `text` and `target`; or `text`. Beside these there may be others,
            of numbers in the same shape for every sample. A `text` alone is cut into
            blocks.
        stream: Whether to read the rows only as they are needed.
        name: What the dataset is called in messages; that of its class if None.

    Raises:
        BadRowError: A row cannot be read; it is left out if that is asked for.
        DataError: Samples have a field that no model takes.
    """
    if isinstance(dataset, ColumnDataset | TextColumns | BlockDataset):
        return dataset
    first = first_sample(dataset)
    if (reason := unusable_field(first)) is not None:
        raise DataError(f"dataset {name or type(dataset).__name__!r}: {reason}")
    form = _form_of(first)
    if form is None:
        return dataset
    texts = OwnTexts(dataset, form)
    return texts if stream else texts.read_all()


def holds_texts(sample: Any) -> bool:
    """Whether a sample holds texts that the builders tokenize."""
    return _form_of(sample) is not None


def unusable_field(sample: Any) -> str | None:
    """Returns which field of a sample no model takes, and what to do; or None.

    It is a text that is not tokenized, or a dict.
    """
    form = _base_form_of(sample)
    tokenized = _TEXTS if form is None else form.fields.keys()
    for name, value in sample.items() if isinstance(sample, Mapping) else ():
        if name in tokenized or not _holds_no_numbers(value):
            continue
        others = sample.keys() - {name, *_TEXTS}
        is_lone_text = isinstance(value, str) and form is None and not others
        rename = "name it text to have it tokenized, or " if is_lone_text else ""
        return (
            f"{name!r} of its samples is {shown(value)}, and a model takes numbers; "
            f"{rename}leave it out of the samples"
        )
    return None


def mistake_in_texts(samples: Sequence[Any]) -> str | None:
    """Returns why samples of texts cannot be read together, or None."""
    form = _form_of(samples[0])
    if form is None:
        return None
    for number, sample in enumerate(samples, 1):
        try:
            form.values(sample)
        except DataError as error:
            return f"in the sample looked at as number {number}, {error}"
    return None


def _holds_no_numbers(value: Any) -> bool:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "USO"
    return isinstance(value, str | bytes | Mapping)


def texts_of_sample(sample: Any) -> TextColumns | None:
    """Returns a sample as the texts that it is trained on; None if it holds none."""
    form = _form_of(sample)
    if form is None:
        return None
    columns = {name: [sample[name]] for name in form.fields}
    return form.of_columns(columns, None)


def _form_of(sample: Any) -> _Form | None:
    form = _base_form_of(sample)
    return None if form is None else form.with_fields_of(sample)


def _base_form_of(sample: Any) -> _Form | None:
    for form in _FORMS:
        if isinstance(sample, Mapping) and form.fits(sample):
            with contextlib.suppress(DataError):
                form.values({name: sample[name] for name in form.fields})
                return form
    return None


def first_sample(dataset: Any) -> Any:
    """Returns the first sample that can be read, or None; it draws no random number."""
    with random_numbers_from(0):
        if isinstance(dataset, IterableDataset):
            try:
                return next(iter(dataset), None)
            except Exception:
                return None
        for index in range(min(len(dataset), _MOST_UNREADABLE)):
            try:
                return dataset[index]
            except Exception:
                continue
    return None


class OwnTexts(BlockDataset):
    """The texts of a user's own dataset, read in blocks."""

    def __init__(self, dataset: Dataset[Any], form: _Form) -> None:
        """Initializes the dataset; its samples must be of the form."""
        self.dataset_name = getattr(dataset, "dataset_name", None)
        self.dataset_path = getattr(dataset, "dataset_path", None)
        self._form = form
        self._rows = Stream([StreamSource(dataset)])
        self.label_names = self._rows.label_names
        self._pass = 0

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the dataset has a length."""
        return self._rows.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Passes the number of the pass on to a dataset that asks for it."""
        self._pass = epoch

    def read_blocks(self, start: int = 0) -> Iterator[TextColumns]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        for block in self._rows.blocks(self._pass, start):
            yield self._texts_of(block)

    def read_all(self) -> TextColumns:
        """Returns all texts."""
        first, *others = self.read_blocks()
        return first.joined(others)

    def _texts_of(self, block: Block) -> TextColumns:
        samples = self._rows.columns(block)
        rows: list[tuple[Any, ...]] = []
        for index in range(len(block)):
            try:
                rows.append(self._form.values(samples[index]))
            except (BadRowError, DataError) as error:
                where = self._rows.describe(block, index)
                reason = in_one_line(error).removeprefix(f"{where}: ")
                number = int(block.rows[index]) + 1
                name = self.dataset_path or self.dataset_name
                reject_row(name, number, reason, message=f"{where}: {reason}")
        columns = {
            name: [row[place] for row in rows]
            for place, name in enumerate(self._form.fields)
        }
        texts = self._form.of_columns(columns, self.label_names)
        numbers = texts.columns.keys() ^ columns.keys()
        return texts.with_numbers({name: columns[name] for name in numbers})
