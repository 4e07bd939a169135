"""Fits the tokenizer, class names and features of a run to its training split."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders.preprocessing.preprocessing import (
    DEFAULT_MAX_LENGTH,
    Preprocessing,
)
from oumi_runtime.builders.preprocessing.table_encoding import TableEncoding
from oumi_runtime.builders.tokenizing.tokenizers import build_padded_tokenizer
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.datasets import (
    ColumnDataset,
    PlainTexts,
    Stream,
    TextColumns,
)
from oumi_runtime.core.models.layer_types import EMBEDDINGS

# The maximum number of texts to train a vocabulary on; it hardly changes with more.
VOCABULARY_TEXTS = 20_000


def fit_preprocessing(
    dataset: Dataset[Any], model_params: ModelParams, model: nn.Module
) -> Preprocessing:
    """Fits the tokenizer, the classes and the features to the training split.

    Args:
        dataset: The training split, before it is tokenized or encoded.
        model_params: The model section: the tokenizer and the maximum length.
        model: The model; its first `nn.Embedding` or `nn.EmbeddingBag` determines the
            size of the vocabulary.

    Raises:
        DataError: No tokenizer can be built for the model, or see `TableEncoding.fit`.
    """
    label_names: list[str] | None = getattr(dataset, "label_names", None)
    texts = dataset.first_texts(1) if isinstance(dataset, Stream) else dataset
    if not isinstance(texts, TextColumns):
        return Preprocessing(None, label_names, table=_fit_table(dataset))
    if model_params.tokenizer_name is None and isinstance(texts, PlainTexts):
        model_params = replace(model_params, tokenizer_name="bytes")
    if label_names is None:
        label_names = _names_of_classes(dataset)
    embeddings = (m for m in model.modules() if isinstance(m, EMBEDDINGS))
    embedding = next(embeddings, None)
    tokenizer, pad_token_id = build_padded_tokenizer(
        model_params,
        texts=_vocabulary_texts(dataset, texts, model_params),
        vocab_size=embedding.num_embeddings if embedding is not None else None,
    )
    max_length = model_params.model_max_length or DEFAULT_MAX_LENGTH
    return Preprocessing(tokenizer, label_names, max_length, pad_token_id)


def _fit_table(dataset: Dataset[Any]) -> TableEncoding | None:
    if isinstance(dataset, ColumnDataset) and dataset.table_columns is not None:
        return TableEncoding.fit(dataset)
    return None


def _vocabulary_texts(
    dataset: Dataset[Any], texts: TextColumns, model_params: ModelParams
) -> Sequence[str]:
    if isinstance(dataset, Stream):
        if model_params.tokenizer_name is None:
            texts = dataset.first_texts(VOCABULARY_TEXTS) or texts
        return texts.vocabulary_texts
    # Files are often sorted by class, so the first texts would be all of one class.
    all_texts = texts.vocabulary_texts
    return all_texts[:: -(-len(all_texts) // VOCABULARY_TEXTS) or 1]


def _names_of_classes(dataset: Dataset[Any]) -> list[str] | None:
    """Returns the labels in order, if they are not all numbers."""
    labels: Iterable[int | str] = ()
    if isinstance(dataset, Stream):
        labels = dataset.distinct_labels()
    elif isinstance(dataset, TextColumns):
        labels = dataset.all_labels
    distinct = set(labels)
    if any(isinstance(label, str) for label in distinct):
        return sorted({str(label) for label in distinct})
    return None
