"""Creates tokenizers: trained on the user's texts, or for bytes.

Their padding id is 0. Existing ones are loaded by the `tokenizers` library.
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
    """Creates a tokenizer with one token per byte, with ids 2 to 257; 0 is padding."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {PAD_TOKEN: 0, UNKNOWN_TOKEN: 1}
    vocabulary.update({char: index for index, char in enumerate(alphabet, start=2)})
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN_TOKEN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    tokenizer.decoder = decoders.ByteLevel()
    # The other two are not "added" tokens: texts that spell them are bytes like others.
    return tokenizer


def train_wordpiece(texts: Sequence[str], vocab_size: int | None) -> Tokenizer:
    """Trains lower-cased WordPiece (Schuster and Nakajima 2012) on the texts.

    Raises:
        DataError: There are no texts, or the size is missing or too small.
    """
    if vocab_size is None or not texts:
        raise DataError(
            "training a vocabulary needs texts, and a model with an nn.Embedding or "
            "nn.EmbeddingBag; set model.tokenizer_name to use an existing one"
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
    """Returns the word pieces that result from byte-pair merges of the texts.

    WordPieceTrainer merges in the same way, but breaks ties in an order that differs
    between processes. Merging words that begin with a mark avoids such ties, and the
    mark distinguishes pieces that begin a word from the others.
    """
    merging = Tokenizer(BPE())
    merging.normalizer = normalizers.BertNormalizer(lowercase=True)
    merging.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.BertPreTokenizer(),
            pre_tokenizers.Metaspace(_WORD_START, prepend_scheme="always"),
        ]
    )
    # The trainer would keep an alphabet that exceeds the vocabulary, and its choice
    # among equally frequent characters would differ between processes.
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
