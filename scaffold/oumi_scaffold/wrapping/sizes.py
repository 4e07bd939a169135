"""The sizes that data gives a module, by the names that constructors have for them.

A name that is often used for something else, too, is listed as vague: it gets the size
only if it has no default.
"""

from collections.abc import Mapping

from oumi_scaffold.request.values import Value

# Tokens of the longest texts, as `model_max_length` of the generated configs.
_LONGEST = 128
_LONGEST_OF_PAIRS = 32

_OUTPUTS = "output_dim out_dim output_size out_features num_outputs n_outputs n_out"
_CLASSES = "num_classes n_classes num_class nclass n_class num_labels n_labels"
_VOCABULARY = (
    "vocab_size vocabulary_size n_vocab num_vocab num_tokens n_tokens ntoken ntokens "
    "num_embeddings"
)
_FEATURES = "num_features n_features in_features input_dim in_dim input_size n_inputs"
_CHANNELS = "in_channels in_chans input_channels num_channels n_channels in_ch"
_SIDES = "image_size img_size input_size input_resolution"
_LENGTHS = (
    "max_length max_len max_seq_len max_seq_length max_sequence_length block_size "
    "context_length max_position_embeddings seq_len sequence_length"
)
_PADDING = "padding_idx pad_token_id pad_idx pad_id"
_TEXT = {"vocab_size": _VOCABULARY, "max_length": _LENGTHS, "pad": _PADDING}
_OF_SIDES = (
    "src_vocab_size tgt_vocab_size src_vocab tgt_vocab trg_vocab_size trg_vocab "
    "source_vocab_size target_vocab_size num_encoder_tokens num_decoder_tokens "
    "input_dim output_dim"
)
_PADDING_OF_SIDES = "src_pad_idx trg_pad_idx tgt_pad_idx decoder_start_token_id"

# For each task, the words for each of its sizes.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "text-classification": {"num_classes": f"{_CLASSES} {_OUTPUTS}", **_TEXT},
    "token-classification": {"num_classes": f"{_CLASSES} {_OUTPUTS} num_tags", **_TEXT},
    "causal-lm": {**_TEXT, "vocab_size": f"{_VOCABULARY} {_OUTPUTS}"},
    "seq2seq": {
        **_TEXT,
        "vocab_size": f"{_VOCABULARY} {_OF_SIDES}",
        "pad": f"{_PADDING} {_PADDING_OF_SIDES}",
    },
    "embedding": _TEXT,
    "image-classification": {
        "num_classes": f"{_CLASSES} {_OUTPUTS}",
        "in_channels": _CHANNELS,
        "image_size": _SIDES,
    },
    "tabular-classification": {
        "num_classes": f"{_CLASSES} {_OUTPUTS}",
        "num_features": _FEATURES,
    },
    "tabular-regression": {
        "outputs": f"{_CLASSES} {_OUTPUTS}",
        "num_features": _FEATURES,
    },
}
_VAGUE = {"channels": "in_channels", "classes": "num_classes", "vocab": "vocab_size"}
_OF_NO_DATA: Mapping[str, int] = {"max_length": _LONGEST, "pad": 0, "outputs": 1}
_PAIRS = ("seq2seq", "embedding")

FIXED = ("outputs", "pad")
"""The sizes that cannot be other ones, and so are no arguments of the model."""

TASKS = tuple(_WORDS)
"""The tasks that a module can be wrapped for."""


def size_of(task: str, argument: str, *, is_required: bool) -> str | None:
    """Returns which size of the task an argument is; None if it is another thing."""
    words = {word: size for size, each in _WORDS[task].items() for word in each.split()}
    if is_required:
        words = {word: s for word, s in _VAGUE.items() if s in _WORDS[task]} | words
    return words.get(argument.lower())


def sizes_of(task: str, variables: Mapping[str, object]) -> dict[str, int]:
    """Returns the task's sizes, of the data that its generated config names.

    Args:
        task: The task.
        variables: The variables of its template.
    """
    named = {name: variables.get(name) for name in _WORDS[task]}
    usual = {name: value for name, value in named.items() if isinstance(value, int)}
    sizes = {name: n for name, n in _OF_NO_DATA.items() if name in named}
    if task in _PAIRS:
        sizes["max_length"] = _LONGEST_OF_PAIRS
    return {**sizes, **usual}


def in_answers(sizes: Mapping[str, int]) -> dict[str, Value]:
    """Returns the sizes that are variables of the task's template."""
    return {name: size for name, size in sizes.items() if name not in _OF_NO_DATA}
