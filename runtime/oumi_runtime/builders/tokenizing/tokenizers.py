"""Builds the tokenizer: trained on the data, for bytes, or a pretrained one."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from oumi_runtime.builders.tokenizing.own_tokenizers import (
    PAD_TOKEN,
    bytes_tokenizer,
    train_wordpiece,
)
from oumi_runtime.builders.tokenizing.pretrained_tokenizers import (
    TOKENIZER_FILENAME,
    PretrainedTokenizer,
    load_pretrained_tokenizer,
)
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import DataError, suggestion


class PaddedTokenizer(NamedTuple):
    """A tokenizer that neither pads nor truncates, and its padding id."""

    tokenizer: Tokenizer
    pad_token_id: int


def build_tokenizer(
    model_params: ModelParams,
    *,
    texts: Sequence[str] = (),
    vocab_size: int | None = None,
) -> Tokenizer:
    """Builds a tokenizer; see `build_padded_tokenizer`."""
    return build_padded_tokenizer(
        model_params, texts=texts, vocab_size=vocab_size
    ).tokenizer


def build_padded_tokenizer(
    model_params: ModelParams,
    *,
    texts: Sequence[str] = (),
    vocab_size: int | None = None,
) -> PaddedTokenizer:
    """Builds a tokenizer, and determines its padding id.

    Args:
        model_params: `tokenizer_name` is `bytes`, a folder or file with a
            `tokenizer.json`, or a name known to transformers. None uses the one saved
            with the weights if these are loaded, and otherwise trains a WordPiece
            vocabulary. `tokenizer_kwargs` and `tokenizer_pad_token` modify a
            pretrained one.
        texts: The texts to train on.
        vocab_size: The vocabulary size of the model; None if it is unknown.

    Returns:
        A tokenizer that neither pads nor truncates. The padding id is 0 for those
        built here, and for those without a padding token.

    Raises:
        DataError: The tokenizer has more tokens than the model's vocabulary, there are
            no texts to train one, or it cannot be modified as requested.
    """
    name = model_params.tokenizer_name or _name_beside_the_weights(model_params)
    if name is None or name == "bytes":
        _refuse_changes(model_params)
    if name is None:
        return PaddedTokenizer(train_wordpiece(texts, vocab_size), 0)
    if name == "bytes":
        loaded = PretrainedTokenizer(bytes_tokenizer(), PAD_TOKEN)
    else:
        loaded = load_pretrained_tokenizer(
            name,
            model_params.tokenizer_kwargs,
            revision=_revision(name, model_params),
            trust_remote_code=model_params.trust_remote_code,
        )
    tokenizer = loaded.tokenizer
    num_ids = max(tokenizer.get_vocab().values(), default=0) + 1
    if vocab_size is not None and num_ids > vocab_size:
        raise DataError(
            f"tokenizer {name!r} has {num_ids} tokens, but the "
            f"model takes {vocab_size} ids; make its vocabulary at least that large "
            "in model.model_kwargs"
        )
    return PaddedTokenizer(tokenizer, _pad_token_id(loaded, name, model_params))


def _pad_token_id(loaded: PretrainedTokenizer, name: str, params: ModelParams) -> int:
    vocabulary = loaded.tokenizer.get_vocab()
    given = params.tokenizer_pad_token
    if given is not None:
        if given not in vocabulary:
            raise DataError(
                f"model.tokenizer_pad_token: the tokenizer {name!r} has no token "
                f"{given!r}{suggestion(given, vocabulary)}; name one that it has"
            )
        return vocabulary[given]
    return vocabulary.get(loaded.pad_token or PAD_TOKEN, 0)


def _name_beside_the_weights(params: ModelParams) -> str | None:
    """Returns the name of the tokenizer saved with the model's weights, if any."""
    name = params.model_name
    if not params.is_named or REGISTRY.contains(name, RegistryType.MODEL):
        return None
    if Path(name).is_dir():
        return name if (Path(name) / TOKENIZER_FILENAME).is_file() else None
    return name if "/" in name else None


def _revision(name: str, params: ModelParams) -> str | None:
    return params.model_revision if name == params.model_name else None


def _refuse_changes(params: ModelParams) -> None:
    given = {
        "tokenizer_kwargs": bool(params.tokenizer_kwargs),
        "tokenizer_pad_token": params.tokenizer_pad_token is not None,
    }
    for field in (field for field, is_given in given.items() if is_given):
        raise DataError(
            f"model.{field} changes a tokenizer that exists; name one in "
            "model.tokenizer_name, or leave it out"
        )
