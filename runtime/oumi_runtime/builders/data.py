"""Builds the datasets that a config names."""

from typing import Any

from torch.utils.data import ConcatDataset, Dataset, Subset

import oumi_runtime.datasets  # noqa: F401  registers the built-in datasets
from oumi_runtime.builders.arguments import argument_mistake, takes
from oumi_runtime.core.configs import DataParams, DatasetParams, DatasetSplit
from oumi_runtime.core.datasets import ColumnDataset, TextDataset, concatenate
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.batches import count_samples
from oumi_runtime.exceptions import DataError


def build_dataset_mixture(data_params: DataParams, split: DatasetSplit) -> Dataset[Any]:
    """Builds the datasets of a split, one after the other.

    Args:
        data_params: The data section of the config.
        split: Which part of it.

    Returns:
        A map-style dataset; a `TextDataset` is not tokenized yet.

    Raises:
        DataError: The split names no dataset, or they are of different kinds.
    """
    params = data_params.get_split(split).datasets
    if not params:
        raise DataError(f"data.{split.value}.datasets is empty; name a dataset there")
    datasets = [_build_one(dataset_params) for dataset_params in params]
    return datasets[0] if len(datasets) == 1 else _concatenate(datasets)


def build_dataset(dataset_name: str, **kwargs: Any) -> Dataset[Any]:
    """Builds one registered dataset.

    Args:
        dataset_name: The registered name.
        kwargs: `dataset_path`, `subset` and `split`, and what else the dataset's
            constructor takes; those that are None are left to its defaults.

    Raises:
        KeyError: The name is not registered.
        DataError: The constructor does not take the arguments.
    """
    subset = kwargs.get("subset")
    dataset_class = REGISTRY.get_dataset(dataset_name, subset=subset)
    if dataset_class is None:
        dataset_class = REGISTRY[dataset_name, RegistryType.DATASET]
    arguments = {name: value for name, value in kwargs.items() if value is not None}
    if takes(dataset_class, "dataset_name"):
        arguments["dataset_name"] = dataset_name
    if arguments.get("split") == "train" and not takes(dataset_class, "split"):
        # The config's default, for a dataset that has no splits.
        del arguments["split"]
    if mistake := argument_mistake(dataset_class, arguments):
        raise DataError(f"dataset {dataset_name!r} {mistake}")
    dataset: Dataset[Any] = dataset_class(**arguments)
    return dataset


def _build_one(params: DatasetParams) -> Dataset[Any]:
    name = params.dataset_name
    fields = {
        "dataset_path": params.dataset_path,
        "subset": params.subset,
        "split": params.split,
    }
    for field in ("dataset_name", *fields):
        if field in params.dataset_kwargs:
            raise DataError(
                f"dataset {name!r}: write {field} beside dataset_kwargs, not in it"
            )
    dataset = build_dataset(name, **fields, **params.dataset_kwargs)
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise DataError(
            f"dataset {name!r} is a {type(dataset).__name__}, which has no __len__ and "
            "__getitem__; make it a map-style dataset, such as a BaseMapDataset"
        )
    num_samples = count_samples(dataset)
    if num_samples == 0:
        raise DataError(f"dataset {name!r} has no sample")
    if params.sample_count is None or params.sample_count >= num_samples:
        return dataset
    return _first(dataset, params.sample_count)


def _first(dataset: Dataset[Any], count: int) -> Dataset[Any]:
    """The first samples of a dataset, in a dataset of its kind."""
    if isinstance(dataset, TextDataset):
        return TextDataset(
            dataset.texts[:count],
            dataset.labels[:count],
            label_names=dataset.label_names,
        )
    if isinstance(dataset, ColumnDataset):
        return dataset.first(count)
    return Subset(dataset, range(count))


def _concatenate(datasets: list[Dataset[Any]]) -> Dataset[Any]:
    """Datasets of one kind as one; their classes must agree."""
    label_names = getattr(datasets[0], "label_names", None)
    for dataset in datasets[1:]:
        if getattr(dataset, "label_names", None) != label_names:
            raise DataError(
                "the datasets of a split must have the same classes, not "
                f"{label_names} and {getattr(dataset, 'label_names', None)}"
            )
    texts = [dataset for dataset in datasets if isinstance(dataset, TextDataset)]
    columns = [dataset for dataset in datasets if isinstance(dataset, ColumnDataset)]
    if len(datasets) not in (len(texts), len(columns)) and (texts or columns):
        raise DataError(
            "the datasets of a split must be of one kind, not "
            f"{', '.join(type(dataset).__name__ for dataset in datasets)}; name those "
            "of one kind"
        )
    if columns:
        return concatenate(columns)
    if texts:
        labels: list[Any] = [label for dataset in texts for label in dataset.labels]
        return TextDataset(
            [text for dataset in texts for text in dataset.texts],
            labels,
            label_names=label_names,
        )
    return ConcatDataset(datasets)
