"""Loads existing tokenizers from a file, a folder or the Hugging Face hub.

transformers is imported only if a file is not enough, since that takes seconds.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from oumi_runtime.core.files import require_plain
from oumi_runtime.exceptions import DataError, first_line, suggestion

TOKENIZER_FILENAME = "tokenizer.json"
_HUB_TIMEOUT_S = 10.0
_OWN_FIELDS = {
    "model_max_length": "set model.model_max_length",
    "max_length": "set model.model_max_length",
    "pad_token": "set model.tokenizer_pad_token",
    "revision": "set model.model_revision",
    "trust_remote_code": "set model.trust_remote_code",
    "padding_side": "padding is on the right, and masked",
    "truncation_side": "texts are cut on the right",
    "use_fast": "the fast form is always used",
}


@dataclass(frozen=True)
class PretrainedTokenizer:
    """A tokenizer that neither pads nor truncates, and its padding token."""

    tokenizer: Tokenizer
    pad_token: str | None


def load_pretrained_tokenizer(
    name: str,
    kwargs: Mapping[str, Any],
    *,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> PretrainedTokenizer:
    """Loads a tokenizer.

    Args:
        name: A `tokenizer.json`, a folder with one, or a name known to transformers.
        kwargs: Arguments for transformers' tokenizer, each of which must have an
            effect.
        revision: The branch, tag or commit on the hub; None for the newest.
        trust_remote_code: Whether code that comes with the tokenizer may run.

    Raises:
        DataError: The tokenizer does not exist or is damaged, or an argument has no
            effect.
    """
    for key in kwargs:
        if key in _OWN_FIELDS:
            raise DataError(
                f"model.tokenizer_kwargs: {key} is not supported; {_OWN_FIELDS[key]}"
            )
    path = Path(name)
    if (path / TOKENIZER_FILENAME).is_file():
        path = path / TOKENIZER_FILENAME
    if not path.is_file():
        load: Callable[..., Any] = partial(
            _load_by_transformers,
            name,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
        loaded = load(**kwargs)
    elif kwargs:
        load = partial(_load_file_by_transformers, path)
        loaded = load(**kwargs)
    else:
        tokenizer = read_tokenizer(path)
        pad_token = _pad_token_beside(path, tokenizer)
        return PretrainedTokenizer(_bare(tokenizer), pad_token)
    _refuse_without_effect(name, loaded, load, kwargs)
    return PretrainedTokenizer(_bare(_backend(loaded, name)), loaded.pad_token)


def read_tokenizer(path: Path) -> Tokenizer:
    """Reads a `tokenizer.json`.

    Raises:
        DataError: It is damaged.
    """
    try:
        require_plain(path)
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers has no error class of its own.
        raise DataError(f"{path} is not a tokenizer: {error}") from error


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    # Batches pad columns themselves, and texts are cut to model.model_max_length.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _pad_token_beside(path: Path, tokenizer: Tokenizer) -> str | None:
    """Returns the padding token, from this file or transformers' file beside it."""
    if tokenizer.padding is not None:
        return str(tokenizer.padding["pad_token"])
    try:
        text = (path.parent / "tokenizer_config.json").read_text(encoding="utf-8")
        token = json.loads(text)["pad_token"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    content = token["content"] if isinstance(token, dict) else token
    return None if content is None else str(content)


def _refuse_without_effect(
    name: str, loaded: Any, load: Callable[..., Any], kwargs: Mapping[str, Any]
) -> None:
    """Refuses arguments that have no effect on the tokenizer.

    transformers accepts and keeps any argument, whatever its name.
    """
    made = _backend(loaded, name).to_str()
    for key, value in kwargs.items():
        others = {k: v for k, v in kwargs.items() if k != key}
        plain = load(**others)
        if plain.init_kwargs.get(key) == value:
            continue  # This is the default anyway.
        if _backend(plain, name).to_str() == made:
            known = (*plain.init_kwargs, *plain.SPECIAL_TOKENS_ATTRIBUTES)
            near = suggestion(key, known)
            raise DataError(
                f"model.tokenizer_kwargs: {key}={value!r} changes nothing in the "
                f"tokenizer {name!r}{near}; leave it out"
            )


def _backend(pretrained: Any, name: str) -> Tokenizer:
    tokenizer = getattr(pretrained, "backend_tokenizer", None)
    if not isinstance(tokenizer, Tokenizer):
        raise DataError(
            f"tokenizer {name!r} has no fast form, a tokenizer.json; choose another"
        )
    return tokenizer


def _load_file_by_transformers(path: Path, **kwargs: Any) -> Any:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    read_tokenizer(path)
    try:
        if (path.parent / "tokenizer_config.json").is_file():
            return AutoTokenizer.from_pretrained(
                path.parent, local_files_only=True, **kwargs
            )
        make: Callable[..., Any] = PreTrainedTokenizerFast
        return make(tokenizer_file=str(path), **kwargs)
    except Exception as error:  # transformers' classes raise errors of any kind.
        raise DataError(
            f"model.tokenizer_kwargs: the tokenizer in {path} does not take "
            f"{', '.join(kwargs)}: {first_line(error)}"
        ) from error


def _load_by_transformers(name: str, **kwargs: Any) -> Any:
    from huggingface_hub import HfApi
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=True, **kwargs)
    except (OSError, ValueError) as not_here:
        is_path = Path(name).is_absolute() or name.startswith(".")
        try:
            if is_path or Path(name).is_dir():
                raise not_here
            # Fails at once without such a name or without a network; loading would
            # retry for most of a minute.
            HfApi().model_info(
                name, revision=kwargs.get("revision"), timeout=_HUB_TIMEOUT_S
            )
            return AutoTokenizer.from_pretrained(name, **kwargs)
        except Exception as error:  # The client raises errors of several libraries.
            raise DataError(
                f"no tokenizer {name!r}{suggestion(name, ['bytes'])}: give 'bytes', a "
                "folder with a tokenizer.json, or a name on the Hugging Face hub "
                f"({first_line(error)})"
            ) from error
