"""Builds the datasets of a config."""

import contextlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from torch.utils.data import Dataset, IterableDataset

import oumi_runtime.datasets  # noqa: F401  registers the built-in datasets
from oumi_runtime.builders.arguments import argument_mistake, takes
from oumi_runtime.builders.data.bad_samples import build_bad_samples
from oumi_runtime.builders.data.mixtures import mix_datasets, mix_streams
from oumi_runtime.builders.data.own_texts import with_texts_found
from oumi_runtime.builders.data.packing import pack_samples
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
)
from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    BaseMapDataset,
    BlockDataset,
    ColumnDataset,
    ReadRows,
    Stream,
    StreamSource,
    TextColumns,
)
from oumi_runtime.core.datasets.in_memory.origins import Origin
from oumi_runtime.core.datasets.rows.bad_rows import leaving_out
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.core.trainers.batches.map_batches import count_samples
from oumi_runtime.datasets.hugging_face import load_hugging_face
from oumi_runtime.exceptions import DataError, suggestion


def build_dataset_mixture(
    data_params: DataParams,
    split: DatasetSplit,
    *,
    seq_length: int | None = None,
    seed: int = 42,
    bad_samples: BadSamples | None = None,
) -> Dataset[Any]:
    """Builds the datasets of a split, combined into one.

    Args:
        data_params: The data section of the config.
        split: The split to build.
        seq_length: Tokens in a block, if the split is packed.
        seed: The seed for shuffling and mixing, if the split does not set one.
        bad_samples: Counts the rows that cannot be used, where they are left out; anew
            if None.

    Returns:
        A `Stream` if the split is streamed, otherwise a map-style dataset. Texts are
        not tokenized yet.

    Raises:
        DataError: The split names no dataset, or its datasets are incompatible.
        BadRowError: A row cannot be read, and is not to be left out.
        TooManyBadSamplesError: Too many rows were left out.
    """
    params = data_params.get_split(split)
    bad_samples = bad_samples or build_bad_samples(data_params)
    leave_out = None if bad_samples is None else bad_samples.leave_out
    if not params.datasets:
        raise DataError(f"data.{split.value}.datasets is empty; name a dataset there")
    datasets: list[Dataset[Any]] = []
    for each in params.datasets:
        num_bad = 0 if bad_samples is None else bad_samples.count
        with leaving_out(each.dataset_name, leave_out):
            dataset = _build_one(each, params)
            if isinstance(dataset, BaseMapDataset):
                dataset.transform_all(leaves_out_bad=bad_samples is not None)
            dataset = _readable(dataset, each.dataset_name, params)
            is_whole = bad_samples is None or bad_samples.count == num_bad
            _name_rows(dataset, each, is_whole)
        if isinstance(dataset, BlockDataset) and bad_samples is not None:
            raise DataError(
                f"data.on_bad_sample: skip cannot leave rows out of "
                f"{each.dataset_name!r} while it streams; write "
                f"data.{split.value}.stream: false, or on_bad_sample: raise"
            )
        datasets.append(dataset)
    mixture: Dataset[Any]
    if params.stream:
        mixture = mix_streams(datasets, params, seed)
    else:
        mixture = mix_datasets(datasets, params, seed)
    if not params.pack:
        return mixture
    return pack_samples(mixture, split, seq_length, leave_out)


def _name_rows(dataset: Any, params: DatasetParams, is_whole: bool) -> None:
    """Gives a dataset what its rows are named by in messages.

    Args:
        dataset: The dataset.
        params: Its entry in the config.
        is_whole: Whether no row was left out, so that it has them in their numbers.
    """
    if isinstance(dataset, TextColumns | ColumnDataset):
        name, path = params.dataset_name, params.dataset_path
        dataset.origin = Origin.of(name, path, len(dataset), is_whole=is_whole)
    elif getattr(dataset, "dataset_name", None) is None:
        with contextlib.suppress(AttributeError):  # It may have slots, or a property.
            dataset.dataset_name = params.dataset_name


def build_dataset(dataset_name: str, **kwargs: Any) -> Dataset[Any]:
    """Builds one dataset.

    Args:
        dataset_name: A registered name, the name of a dataset on the Hugging Face hub,
            or a file or folder. With `dataset_path`, it may be any name.
        kwargs: `dataset_path`, `subset`, `split` and other constructor arguments;
            None means the constructor's default.

    Raises:
        KeyError: The name looks like a misspelt registered name.
        DataError: No dataset is named, there is no such one, or it does not accept the
            arguments.
    """
    dataset_class = REGISTRY.get_dataset(dataset_name, subset=kwargs.get("subset"))
    dataset = _make(dataset_name, dataset_class, kwargs)
    if isinstance(dataset, BaseMapDataset):
        dataset.transform_all()
    return dataset


def _make(
    dataset_name: str, dataset_class: Any, kwargs: Mapping[str, Any]
) -> Dataset[Any]:
    arguments = {name: value for name, value in kwargs.items() if value is not None}
    if dataset_class is None:
        path = arguments.get("dataset_path")
        if path is None and not DatasetParams(dataset_name=dataset_name).is_named:
            raise DataError(
                "dataset_name is missing; write a registered name, a file or a folder"
            )
        if path is None and Path(dataset_name).exists():
            arguments["dataset_path"] = dataset_name
        elif path is None and _is_misspelt(dataset_name):
            raise REGISTRY.unknown(dataset_name, RegistryType.DATASET)
        dataset_class = load_hugging_face
    if takes(dataset_class, "dataset_name"):
        arguments["dataset_name"] = dataset_name
    if arguments.get("split") == "train" and not takes(dataset_class, "split"):
        # The config's default, for a dataset that has no splits.
        del arguments["split"]
    if mistake := argument_mistake(dataset_class, arguments):
        raise DataError(f"dataset {dataset_name!r} {mistake}")
    if unwritten := getattr(dataset_class, "__abstractmethods__", None):
        raise DataError(
            f"dataset {dataset_name!r} cannot be created: its class does not define "
            f"{' or '.join(sorted(unwritten))}; define it, or derive from "
            "torch.utils.data.Dataset"
        )
    dataset: Dataset[Any] = dataset_class(**arguments)
    return dataset


def _is_misspelt(name: str) -> bool:
    """Whether a name looks like a misspelt registered name."""
    known = [*REGISTRY.get_all(RegistryType.DATASET)]
    known += [found.name for found in REGISTRY.declared(RegistryType.DATASET)]
    return "/" not in name and suggestion(name, known) != ""


def _build_one(params: DatasetParams, split: DatasetSplitParams) -> Dataset[Any]:
    name = params.dataset_name
    fields: dict[str, Any] = {
        "dataset_path": params.dataset_path,
        "subset": params.subset,
        "split": params.split,
        "transform_num_workers": params.transform_num_workers,
    }
    for field in ("dataset_name", *fields):
        if field in params.dataset_kwargs:
            raise DataError(
                f"dataset {name!r}: write {field} beside dataset_kwargs, not in it"
            )
    dataset_class = REGISTRY.get_dataset(name, subset=params.subset)
    if split.stream:
        dataset_class = getattr(dataset_class, "open_stream", dataset_class)
    maker = dataset_class or load_hugging_face
    if params.split_shares is not None and not takes(maker, "split"):
        del fields["split"]
    if split.target_col is not None:
        column = _column_argument(maker, name)
        fields.setdefault(column, params.dataset_kwargs.get(column, split.target_col))
    if _may_stream(maker):
        fields["stream"] = split.stream
    return _make(name, dataset_class, {**params.dataset_kwargs, **fields})


def _may_stream(dataset_class: Any) -> bool:
    if inspect.isclass(dataset_class) and issubclass(
        dataset_class, BaseIterableDataset
    ):
        return True
    return "stream" in inspect.signature(dataset_class).parameters


def _column_argument(dataset_class: Any, name: str) -> str:
    """Returns the constructor argument that names the text column."""
    for argument in ("text_column", "target_col"):
        if takes(dataset_class, argument):
            return argument
    raise DataError(
        f"dataset {name!r} has no text_column to choose; leave target_col out"
    )


def _readable(dataset: Any, name: str, split: DatasetSplitParams) -> Dataset[Any]:
    """Returns an iterable dataset if it is to be streamed, or else an indexable one."""
    if not isinstance(dataset, IterableDataset):
        _check_indexable(dataset, name)
    if split.collator_name is None:  # or else it may be the collator that tokenizes
        dataset = with_texts_found(dataset, stream=split.stream, name=name)
    if isinstance(dataset, IterableDataset) and not split.stream:
        dataset = ReadRows(Stream([StreamSource(dataset)]))
    return cast("Dataset[Any]", dataset)


def _check_indexable(dataset: Any, name: str) -> None:
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise DataError(
            f"dataset {name!r} is a {type(dataset).__name__}, which has neither "
            "__len__ and __getitem__ nor __iter__; make it a BaseMapDataset or a "
            "BaseIterableDataset"
        )
    if count_samples(cast("Dataset[Any]", dataset)) == 0:
        raise DataError(f"dataset {name!r} has no samples")
