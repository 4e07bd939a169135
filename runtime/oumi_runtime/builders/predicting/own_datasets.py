"""Reads files to predict from with the user's own dataset class, as in training."""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any, cast

from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.builders.data.datasets import build_dataset
from oumi_runtime.builders.data.own_texts import first_sample
from oumi_runtime.builders.predicting.row_filling import RowFiller
from oumi_runtime.core.configs import DatasetParams
from oumi_runtime.core.datasets import BaseIterableDataset, BaseMapDataset
from oumi_runtime.core.datasets.rows.bad_rows import row_mistake
from oumi_runtime.core.datasets.rows.reading import in_one_line
from oumi_runtime.core.models.targets import USUAL_TARGETS
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.datasets.readers.record_files import STREAMED_SUFFIXES, RecordFile
from oumi_runtime.exceptions import BadRowError, DataError, OumiRuntimeError

_EXAMPLES = 64
# Where code names one of these, it reads what dataset_path names.
_BUILT_IN = ("oumi_runtime.datasets", "oumi_runtime.core.datasets.in_memory")
_PATHS = frozenset(("dataset_path", "_load_data", "load_rows"))


class OwnDataset:
    """A dataset of the config whose class is the user's."""

    def __init__(self, params: DatasetParams, dataset_class: Any) -> None:
        """Takes an entry of the config, and its class, or the function that makes it.

        See `own_dataset_of`.
        """
        self._params = params
        self._class = dataset_class

    @cached_property
    def first_sample(self) -> Any:
        """The first sample of the config's data; None if that cannot be read."""
        try:
            return first_sample(self._data)
        except Exception:  # It may not be there any more.
            return None

    def samples_of(
        self, path: Path, needed: Collection[str], *, of_texts: bool
    ) -> "FileSamples":
        """Reads a file, or a folder, as the class reads its data; without labels.

        If the class reads what `dataset_path` names, it reads the file. Otherwise its
        `transform` is given the rows of the file. What it makes of columns that are not
        there, such as labels, is left out.

        Args:
            path: The file or folder.
            needed: The fields that samples cannot be without.
            of_texts: Whether rows with a text are samples themselves, if the class
                reads no file, and has no `transform`.

        Raises:
            DataError: The class cannot read it.
        """
        is_table = path.suffix.lower() in STREAMED_SUFFIXES
        if _reads_path(self._class):
            try:
                found = self._build(str(path))
            except OumiRuntimeError:
                raise
            except Exception as error:
                # Such as the names of classes, where there are no labels.
                is_lacking = isinstance(error, KeyError) and is_table
                if not (is_lacking and self._transforms):
                    raise DataError(
                        f"dataset {self._params.dataset_name!r} cannot read {path}: "
                        f"{in_one_line(error)}; inputs to predict from need no labels"
                    ) from error
            else:
                return self._made(found, partial(_rows_of, found), path, needed)
        if is_table and of_texts and not self._transforms:
            return FileSamples(partial(_records_of, path), _as_it_is, path)
        if not is_table or not self._transforms:
            define = "" if self._transforms else "define transform(sample) and "
            raise DataError(
                f"dataset {self._params.dataset_name!r} does not read {path}, since "
                f"its class does not use dataset_path; use it there, or {define}name "
                f"a {', '.join(STREAMED_SUFFIXES)} file"
            )
        frame = type(getattr(self._data, "_data", None))
        make_rows = frame if hasattr(frame, "iloc") else None
        rows = partial(_records_of, path, make_rows)
        return self._made(self._data, rows, path, needed)

    @property
    def _transforms(self) -> bool:
        return inspect.isclass(self._class) and issubclass(
            self._class, BaseMapDataset | BaseIterableDataset
        )

    def _made(
        self,
        dataset: Any,
        rows: Callable[[], Iterable[Any]],
        path: Path,
        needed: Collection[str],
    ) -> "FileSamples":
        if not isinstance(dataset, BaseMapDataset | BaseIterableDataset):
            return FileSamples(rows, _as_it_is, path)
        filler = RowFiller(dataset.transform, self._examples, needed)
        return FileSamples(rows, filler, path)

    def _examples(self) -> list[Any]:
        """Returns rows of the config's data; none if it cannot be read."""
        try:
            dataset = self._data
            if isinstance(dataset, BaseMapDataset):
                step = max(1, len(dataset) // _EXAMPLES)
                return [dataset.raw(n) for n in range(0, len(dataset), step)]
            return list(islice(dataset.iter_raw(), _EXAMPLES))
        except Exception:  # It may not be there any more.
            return []

    @cached_property
    def _data(self) -> Any:
        return self._build(self._params.dataset_path)

    def _build(self, path: str | None) -> Dataset[Any]:
        params = self._params
        fields = {"subset": params.subset, "split": params.split, "dataset_path": path}
        return build_dataset(params.dataset_name, **params.dataset_kwargs, **fields)


class FileSamples(IterableDataset[Any]):
    """The samples of a file; an error names the row."""

    def __init__(
        self,
        rows: Callable[[], Iterable[Any]],
        transform: Callable[[Any], Any],
        path: Path,
    ) -> None:
        """Takes what iterates over the rows, and what makes a sample of each."""
        self.dataset_name = str(path)
        self._rows, self._transform = rows, transform

    def __iter__(self) -> Iterator[Any]:
        for number, row in enumerate(self._rows(), 1):
            try:
                sample = self._transform(row)
            except Exception as error:
                reason = in_one_line(error)
                where = row_mistake(self.dataset_name, number, reason)
                raise BadRowError(where) from error
            yield _without_labels(sample)


def own_dataset_of(params: DatasetParams) -> OwnDataset | None:
    """Returns the dataset of an entry of the config.

    It is None if its class is built in, or derived from one that is.
    """
    dataset_class = REGISTRY.get_dataset(params.dataset_name, params.subset)
    bases = dataset_class.__mro__ if inspect.isclass(dataset_class) else [dataset_class]
    if any(base is None or base.__module__.startswith(_BUILT_IN) for base in bases):
        return None
    return OwnDataset(params, dataset_class)


def _is_own(dataset_class: Any) -> bool:
    return not str(dataset_class.__module__).startswith("oumi_runtime.")


def _as_it_is(row: Any) -> Any:
    return row


def _without_labels(sample: Any) -> Any:
    if not isinstance(sample, Mapping):
        return sample
    left_out = [*USUAL_TARGETS]
    if isinstance(sample.get("target"), str):
        left_out.append("target")
    return {name: value for name, value in sample.items() if name not in left_out}


def _rows_of(dataset: Any) -> Iterator[Any]:
    if isinstance(dataset, BaseMapDataset):
        yield from (dataset.raw(number) for number in range(len(dataset)))
    elif isinstance(dataset, BaseIterableDataset):
        yield from dataset.iter_raw()
    elif isinstance(dataset, IterableDataset):
        yield from dataset
    else:
        length = len(cast(Any, dataset))
        yield from (dataset[number] for number in range(length))


def _records_of(path: Path, frame: Any = None) -> Iterator[Any]:
    """Yields the rows of a file, as dicts, or as rows of a kind of data frame."""
    for batch in RecordFile(path, reads_lists=True).read():
        rows: list[Any] = batch.to_pylist()
        if frame is not None:
            made = frame(rows)
            rows = [made.iloc[number] for number in range(len(rows))]
        yield from rows


def _reads_path(dataset_class: Any) -> bool:
    """Whether the user's code names what `dataset_path` is read by."""
    if not inspect.isclass(dataset_class):
        return "dataset_path" in inspect.signature(dataset_class).parameters
    bases = [base for base in dataset_class.__mro__ if _is_own(base)]
    members = [member for base in bases for member in vars(base).values()]
    codes = [getattr(inspect.unwrap(m), "__code__", None) for m in members]
    if any(_PATHS & _names_in(code) for code in codes if code is not None):
        return True
    # By default, a stream reads it.
    is_stream = issubclass(dataset_class, BaseIterableDataset)
    names = {"iter_raw", "_data"} & {
        n for code in codes if code for n in _names_in(code)
    }
    return is_stream and "iter_raw" not in dataset_class.__dict__ and not names


def _names_in(code: CodeType) -> set[str]:
    """Returns the names and texts in code, and in the functions in it."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    texts = [const for const in code.co_consts if isinstance(const, str)]
    names = {*code.co_names, *code.co_varnames, *code.co_freevars, *texts}
    return names.union(*map(_names_in, inner))
