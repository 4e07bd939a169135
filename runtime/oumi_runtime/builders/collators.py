"""Builds the collator of a config."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from tokenizers import Tokenizer
from torch.utils.data import Dataset

from oumi_runtime.builders.arguments import argument_mistake, takes
from oumi_runtime.builders.preprocessing.preprocessing import Preprocessing
from oumi_runtime.core.configs import DatasetSplit, TrainingConfig
from oumi_runtime.core.datasets import CollatedDataset, PaddingCollator, Stream
from oumi_runtime.core.datasets.rows.collation import Collator
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import DataError

TEXT_WITH_PADDING = "text_with_padding"
_BY_POSITION = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


def build_data_collator(
    collator_name: str,
    tokenizer: Tokenizer | None = None,
    *,
    max_length: int | None = None,
    label_ignore_index: int | None = None,
    pad_token_id: int = 0,
    **kwargs: Any,
) -> Collator:
    """Builds a collator.

    Args:
        collator_name: `text_with_padding`, which is a `PaddingCollator`; or a
            registered name. It is called with those of the arguments here that it
            accepts, and returns a callable that makes a batch from a list of samples.
            A function may also make the batch itself, as torch's `collate_fn` does:
            one that has a first argument which is not among these.
        tokenizer: The tokenizer of the texts, if any.
        max_length: The maximum number of tokens in a sample.
        label_ignore_index: The padding value for labels.
        pad_token_id: The padding value for token ids.
        kwargs: Additional arguments for the collator.

    Raises:
        DataError: It does not accept the arguments, or does not return a callable.
        KeyError: The name is not registered.
    """
    given = {
        "tokenizer": tokenizer,
        "max_length": max_length,
        "label_ignore_index": label_ignore_index,
        "pad_token_id": pad_token_id,
    }
    make: Callable[..., Any] = PaddingCollator
    if collator_name.lower() != TEXT_WITH_PADDING:
        make = REGISTRY[collator_name, RegistryType.COLLATOR]
    arguments = {k: v for k, v in given.items() if takes(make, k)} | kwargs
    if _takes_samples(make, arguments):
        return cast(Collator, partial(make, **arguments))
    if mistake := argument_mistake(make, arguments):
        raise DataError(f"collator_kwargs: the collator {collator_name!r} {mistake}")
    collator = make(**arguments)
    if not callable(collator):
        raise DataError(
            f"the collator {collator_name!r} returns a {type(collator).__name__}, "
            "which cannot be called with samples; return a function, or an object with "
            "__call__"
        )
    return cast(Collator, collator)


def _takes_samples(function: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    """Whether a function needs a first argument, beside those that it is given."""
    if inspect.isclass(function):
        return False
    needed = [
        p.default is p.empty and p.name not in arguments and p.kind in _BY_POSITION
        for p in inspect.signature(function).parameters.values()
    ]
    return needed[:1] == [True] and not any(needed[1:])


def collated(
    dataset: Dataset[Any],
    config: TrainingConfig,
    split: DatasetSplit,
    preprocessing: Preprocessing,
) -> Dataset[Any]:
    """Attaches the collator of its split to a dataset, if there is one.

    Raises:
        DataError: See `build_data_collator`.
    """
    params = config.data.get_split(split)
    if params.collator_name is None:
        return dataset
    arguments: dict[str, Any] = {
        "max_length": config.model.model_max_length,
        "label_ignore_index": config.training.label_ignore_index,
        "pad_token_id": preprocessing.pad_token_id,
    }
    collator = build_data_collator(
        params.collator_name,
        preprocessing.tokenizer,
        **arguments | params.collator_kwargs,
    )
    if isinstance(dataset, Stream):
        return dataset.changed(collate=collator)
    return CollatedDataset(dataset, collator)
