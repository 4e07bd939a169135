"""Builds the tokenizer of text: trained on the data, of bytes, or one that exists."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from oumi_runtime.builders.own_tokenizers import bytes_tokenizer, train_wordpiece
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.exceptions import DataError, suggestion

TOKENIZER_FILENAME = "tokenizer.json"
_HUB_TIMEOUT_S = 10.0


def build_tokenizer(
    model_params: ModelParams,
    *,
    texts: Sequence[str] = (),
    vocab_size: int | None = None,
) -> Tokenizer:
    """Builds a tokenizer.

    Args:
        model_params: `tokenizer_name` is `bytes`, a folder or file with a
            `tokenizer.json`, or what transformers knows; None trains a WordPiece
            vocabulary.
        texts: What to train on.
        vocab_size: The number of token ids that the model takes; None if it is unknown.

    Returns:
        A tokenizer that neither pads nor truncates; id 0 pads in those made here.

    Raises:
        DataError: The tokenizer has more tokens than the model takes ids, or there is
            nothing to train one with.
    """
    name = model_params.tokenizer_name
    if name is None:
        return train_wordpiece(texts, vocab_size)
    tokenizer = bytes_tokenizer() if name == "bytes" else _load(name)
    num_ids = max(tokenizer.get_vocab().values(), default=0) + 1
    if vocab_size is not None and num_ids > vocab_size:
        raise DataError(
            f"tokenizer {name!r} has {num_ids} tokens, but the "
            f"model takes {vocab_size} ids; make its vocabulary at least that large "
            "in model.model_kwargs"
        )
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json`.

    Raises:
        DataError: It is damaged.
    """
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # What tokenizers raises has no class of its own.
        raise DataError(f"{path} is no tokenizer: {error}") from error


def _load(name: str) -> Tokenizer:
    path = Path(name)
    if (path / TOKENIZER_FILENAME).is_file():
        path = path / TOKENIZER_FILENAME
    tokenizer = read_tokenizer(path) if path.is_file() else _load_by_transformers(name)
    # Columns are not padded, and texts are cut to model.model_max_length.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _load_by_transformers(name: str) -> Tokenizer:
    # Imported only where a name of transformers is used: it takes seconds.
    from huggingface_hub import HfApi
    from transformers import AutoTokenizer

    try:
        pretrained = AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError) as not_here:
        is_path = Path(name).is_absolute() or name.startswith(".")
        try:
            if is_path or Path(name).is_dir():
                raise not_here
            # Says at once that there is no such name, or no network, where loading
            # would try again for most of a minute.
            HfApi().model_info(name, timeout=_HUB_TIMEOUT_S)
            pretrained = AutoTokenizer.from_pretrained(name)
        except Exception as error:  # The hub's client has errors of several libraries.
            raise DataError(
                f"no tokenizer {name!r}{suggestion(name, ['bytes'])}: give 'bytes', a "
                "folder with a tokenizer.json, or a name on the Hugging Face hub "
                f"({(str(error).splitlines() or [type(error).__name__])[0]})"
            ) from error
    tokenizer = getattr(pretrained, "backend_tokenizer", None)
    if not isinstance(tokenizer, Tokenizer):
        raise DataError(
            f"tokenizer {name!r} has no fast form, a tokenizer.json; choose another"
        )
    return tokenizer
