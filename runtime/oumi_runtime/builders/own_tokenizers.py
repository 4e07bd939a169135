"""The tokenizers that are made here: trained on the user's texts, and of bytes.

Their id 0 pads. Loading one that exists is `tokenizers`'s work.
"""

from collections import Counter
from collections.abc import Sequence

from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE, WordPiece
from tokenizers.trainers import BpeTrainer

from oumi_runtime.exceptions import DataError

PAD_TOKEN, UNKNOWN_TOKEN = "[PAD]", "[UNK]"
_SMALLEST_VOCABULARY = 32
_WORD_START = "\u2581"


def bytes_tokenizer() -> Tokenizer:
    """One token for each byte of UTF-8, with ids 2 to 257; 0 pads."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {PAD_TOKEN: 0, UNKNOWN_TOKEN: 1}
    vocabulary.update({char: index for index, char in enumerate(alphabet, start=2)})
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN_TOKEN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    # Its two other tokens are not "added" ones: a text that spells them is bytes too.
    return tokenizer


def train_wordpiece(texts: Sequence[str], vocab_size: int | None) -> Tokenizer:
    """Trains lower-cased WordPiece (Schuster and Nakajima 2012) on the texts.

    Raises:
        DataError: There is no text, or no size, or too small a one.
    """
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
    # An alphabet larger than the vocabulary would be kept whole. Of characters that are
    # as frequent, the trainer would leave out others in each process.
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(merging.normalizer.normalize_str(text).replace(" ", ""))
    by_frequency = sorted(counts, key=lambda char: (-counts[char], char))
    alphabet = [_WORD_START, *by_frequency[: vocab_size // 4 - 1]]
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
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
