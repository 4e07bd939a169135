"""Combines the datasets of a split: selects, shuffles, repeats and mixes samples."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.configs import DatasetParams, DatasetSplitParams, MixtureStrategy
from oumi_runtime.core.datasets import (
    ChosenRows,
    ColumnDataset,
    PlainTexts,
    Stream,
    StreamSource,
    TextColumns,
    concatenate,
)
from oumi_runtime.core.datasets.streams.mixing import (
    mix_rows,
    rows_of_split,
    shuffled_rows,
)
from oumi_runtime.core.datasets.streams.sources import is_custom
from oumi_runtime.core.trainers.batches.map_batches import count_samples
from oumi_runtime.exceptions import DataError


def mix_datasets(
    datasets: Sequence[Dataset[Any]], params: DatasetSplitParams, seed: int
) -> Dataset[Any]:
    """Combines several map-style datasets.

    Args:
        datasets: Map-style datasets, in the order of `params.datasets`.
        params: The samples to use of each dataset, and how to mix them.
        seed: The seed of the mixture, and of datasets that do not set one.

    Returns:
        A `TextColumns` or `ColumnDataset` if all datasets are of that class, otherwise
        a dataset that reads sample by sample.

    Raises:
        DataError: The datasets differ in kind, columns or classes.
    """
    seed = seed if params.seed is None else params.seed
    used = _used(params)
    configs = [params.datasets[number] for number in used]
    datasets = [
        _part(datasets[number], config)
        for number, config in zip(used, configs, strict=True)
    ]
    chosen = [
        _choose(config, dataset, seed)
        for config, dataset in zip(configs, datasets, strict=True)
    ]
    starts = torch.tensor([0, *map(count_samples, datasets)]).cumsum(0)
    numbered = [rows + start for rows, start in zip(chosen, starts, strict=False)]
    proportions = _proportions(configs)
    if proportions is None:
        rows = torch.cat(numbered)
    else:
        sources, places = mix_rows(
            [len(rows) for rows in numbered],
            proportions,
            until_all=_goes_on(params),
            seed=seed,
        )
        firsts = torch.tensor([0, *map(len, numbered)]).cumsum(0)
        rows = torch.cat(numbered)[firsts[sources] + places]
    return _gather(datasets, rows)


def mix_streams(
    datasets: Sequence[Dataset[Any]], params: DatasetSplitParams, seed: int
) -> Stream:
    """Combines several datasets to one stream; see `mix_datasets`."""
    seed = seed if params.seed is None else params.seed
    used = _used(params)
    _check_classes([datasets[number] for number in used])
    configs = [params.datasets[number] for number in used]
    sources = [
        StreamSource(
            datasets[number],
            sample_count=config.sample_count,
            shuffle_buffer_size=config.shuffle_buffer_size if config.shuffle else None,
            seed=seed if config.seed is None else config.seed,
        )
        for number, config in zip(used, configs, strict=True)
    ]
    return Stream(
        sources,
        proportions=_proportions(configs),
        until_all=_goes_on(params),
        seed=seed,
    )


def _used(params: DatasetSplitParams) -> list[int]:
    """Returns the indices of the datasets that contribute samples."""
    return [
        number
        for number, dataset in enumerate(params.datasets)
        if dataset.mixture_proportion != 0
    ]


def _proportions(configs: Sequence[DatasetParams]) -> list[float] | None:
    parts = [config.mixture_proportion for config in configs]
    known = [part for part in parts if part is not None]
    return known if len(known) == len(parts) else None


def _goes_on(params: DatasetSplitParams) -> bool:
    return params.mixture_strategy == MixtureStrategy.ALL_EXHAUSTED


def _is_one_text(dataset: Dataset[Any]) -> TypeGuard[PlainTexts]:
    """Whether splits share the text, as there are no rows to share."""
    return isinstance(dataset, PlainTexts) and len(dataset) == 1


def _part(dataset: Dataset[Any], params: DatasetParams) -> Dataset[Any]:
    """Returns the part of a single text that is to be used; other datasets whole."""
    if params.split_shares is None or not _is_one_text(dataset):
        return dataset
    part = dataset.parted(params.split_shares, params.split)
    if not len(part):
        raise DataError(
            f"{params.dataset_path or params.dataset_name} is one text, too short for "
            f"split_shares to leave a line of it for {params.split}; give it a larger "
            "share"
        )
    return part


def _choose(params: DatasetParams, dataset: Dataset[Any], seed: int) -> torch.Tensor:
    """Returns the rows of a dataset to use, (samples,) int64."""
    num_samples = count_samples(dataset)
    rows = torch.arange(num_samples)
    if params.split_shares is not None and not _is_one_text(dataset):
        rows = rows_of_split(num_samples, params.split_shares, params.split)
        if not len(rows):
            count = "1 row" if num_samples == 1 else f"{num_samples} rows"
            raise DataError(
                f"{params.dataset_path or params.dataset_name} has {count}, "
                f"and split_shares leaves none for {params.split}; give it a larger "
                "share"
            )
    if params.shuffle:
        seed = seed if params.seed is None else params.seed
        rows = rows[shuffled_rows(len(rows), seed)]
    if params.sample_count is None:
        return rows
    return rows[torch.arange(params.sample_count) % len(rows)]


def _gather(datasets: Sequence[Dataset[Any]], rows: torch.Tensor) -> Dataset[Any]:
    """Selects rows of datasets of the same kind."""
    _check_classes(datasets)
    num_samples = sum(map(count_samples, datasets))
    is_all = torch.equal(rows, torch.arange(num_samples))
    texts = [dataset for dataset in datasets if isinstance(dataset, TextColumns)]
    columns = [dataset for dataset in datasets if isinstance(dataset, ColumnDataset)]
    _refuse_own_samples(columns)
    if len(datasets) == 1 and is_all:
        return datasets[0]
    if len(datasets) not in (len(texts), len(columns)) and (texts or columns):
        raise DataError(
            "the datasets of a split must be of one kind, not "
            f"{', '.join(type(dataset).__name__ for dataset in datasets)}; use only "
            "datasets of one kind"
        )
    # Datasets that override how samples are made must be asked for each of them.
    if columns and not any(map(is_custom, columns)):
        whole = columns[0] if len(columns) == 1 else concatenate(columns)
        return whole if is_all else whole.select(rows)
    if texts and not any(map(is_custom, texts)):
        whole_text = _join_texts(texts)
        return whole_text if is_all else whole_text.select(rows)
    return ChosenRows(datasets, rows)


def _refuse_own_samples(datasets: Sequence[ColumnDataset]) -> None:
    """Raises for a table that cannot be encoded, since its class makes the samples."""
    for dataset in datasets:
        plain = all(column.is_plain for column in dataset.table_columns or ())
        if not plain and is_custom(dataset):
            raise DataError(
                f"{type(dataset).__name__} makes its samples itself, and its table has "
                "text or missing values, which are encoded afterwards; change the "
                "columns of the dataset instead"
            )


def _join_texts(datasets: Sequence[TextColumns]) -> TextColumns:
    columns = [list(dataset.columns) for dataset in datasets]
    for other in columns[1:]:
        if other != columns[0]:
            raise DataError(
                "the datasets of a split must have the same columns, not "
                f"{', '.join(columns[0])} and {', '.join(other)}"
            )
    return datasets[0].joined(datasets[1:]) if len(datasets) > 1 else datasets[0]


def _check_classes(datasets: Sequence[Dataset[Any]]) -> None:
    names = [getattr(dataset, "label_names", None) for dataset in datasets]
    for other in names[1:]:
        if other != names[0]:
            raise DataError(
                "the datasets of a split must have the same classes, not "
                f"{names[0]} and {other}"
            )
