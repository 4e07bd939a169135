"""The ids that a tokenizer adds to those of a text itself."""

from tokenizers import Tokenizer


def ids_around(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Returns the ids that the tokenizer adds before and after a text."""
    encoding = tokenizer.encode("a")
    is_special = [*map(bool, encoding.special_tokens_mask)]
    num_before = is_special.index(False) if False in is_special else len(is_special)
    num_after = is_special[::-1].index(False) if False in is_special else 0
    ids = encoding.ids
    return ids[:num_before], ids[len(ids) - num_after :]
