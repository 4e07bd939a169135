"""Builds the tokenizer of text: trained on the data, of bytes, or one that exists."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, WordPiece
from tokenizers.trainers import BpeTrainer

from oumi_runtime.core.configs import ModelParams
from oumi_runtime.exceptions import DataError

TOKENIZER_FILENAME = "tokenizer.json"
PAD_TOKEN, UNKNOWN_TOKEN = "[PAD]", "[UNK]"
_SMALLEST_VOCABULARY = 32
_WORD_START = "\u2581"


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
        return _train_wordpiece(texts, vocab_size)
    tokenizer = bytes_tokenizer() if name == "bytes" else _load(name)
    if vocab_size is not None and tokenizer.get_vocab_size() > vocab_size:
        raise DataError(
            f"tokenizer {name!r} has {tokenizer.get_vocab_size()} tokens, but the "
            f"model takes {vocab_size} ids; make its vocabulary at least that large "
            "in model.model_kwargs"
        )
    return tokenizer


def bytes_tokenizer() -> Tokenizer:
    """One token for each byte of UTF-8: ids 2 to 257, in the order of the bytes."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {PAD_TOKEN: 0, UNKNOWN_TOKEN: 1}
    vocabulary.update({char: index for index, char in enumerate(alphabet, start=2)})
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN_TOKEN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([PAD_TOKEN, UNKNOWN_TOKEN])
    return tokenizer


def _train_wordpiece(texts: Sequence[str], vocab_size: int | None) -> Tokenizer:
    """Trains lower-cased WordPiece (Schuster and Nakajima 2012) on the texts."""
    if vocab_size is None or not texts:
        raise DataError(
            "a vocabulary can be trained only on texts, and for a model that has an "
            "nn.Embedding; set model.tokenizer_name"
        )
    if vocab_size < _SMALLEST_VOCABULARY:
        raise DataError(
            f"the model takes {vocab_size} token ids, too few for a vocabulary; give "
            f"it {_SMALLEST_VOCABULARY} or more in model.model_kwargs"
        )
    vocabulary = _wordpiece_vocabulary(texts, vocab_size)
    tokenizer = Tokenizer(WordPiece(vocab=vocabulary, unk_token=UNKNOWN_TOKEN))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([PAD_TOKEN, UNKNOWN_TOKEN])
    return tokenizer


def _wordpiece_vocabulary(texts: Sequence[str], vocab_size: int) -> dict[str, int]:
    """The pieces of words that byte-pair merges of the texts give.

    WordPieceTrainer merges in the same way, but breaks ties in an order that differs
    from process to process. Merging words that begin with a mark has no such ties to
    break, and the mark tells the pieces that begin a word from the others.
    """
    merging = Tokenizer(BPE())
    merging.normalizer = normalizers.BertNormalizer(lowercase=True)
    merging.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.BertPreTokenizer(),
            pre_tokenizers.Metaspace(_WORD_START, prepend_scheme="always"),
        ]
    )
    # An alphabet larger than the vocabulary would be kept whole.
    options = {"limit_alphabet": vocab_size // 4, "show_progress": False}
    trainer = BpeTrainer(vocab_size=vocab_size, **options)
    merging.train_from_iterator(texts, trainer)
    merged = sorted(merging.get_vocab().items(), key=lambda item: item[1])
    letters = [piece for piece, _ in merged if len(piece) == 1 and piece != _WORD_START]
    pieces = [PAD_TOKEN, UNKNOWN_TOKEN, *letters, *(f"##{each}" for each in letters)]
    pieces += [
        piece.removeprefix(_WORD_START) if piece[0] == _WORD_START else f"##{piece}"
        for piece, _ in merged
        if piece.strip(_WORD_START)
    ]
    distinct = list(dict.fromkeys(pieces))[:vocab_size]
    return {piece: index for index, piece in enumerate(distinct)}


def _load(name: str) -> Tokenizer:
    path = Path(name)
    if path.is_dir():
        path = path / TOKENIZER_FILENAME
    if path.is_file():
        return Tokenizer.from_file(str(path))
    # Imported only where a name of transformers is used: it takes seconds.
    from transformers import AutoTokenizer

    try:
        pretrained = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise DataError(
            f"no tokenizer {name!r}: give 'bytes', a folder with a tokenizer.json, or "
            f"a name that transformers can load ({str(error).splitlines()[0]})"
        ) from error
    tokenizer: Tokenizer = pretrained.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
