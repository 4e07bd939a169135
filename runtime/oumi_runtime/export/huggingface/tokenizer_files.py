"""The files by which AutoTokenizer loads the tokenizer of a run."""

from pathlib import Path
from typing import Any

from oumi_runtime.builders import Preprocessing


def write_tokenizer(preprocessing: Preprocessing, folder: Path) -> None:
    """Writes a tokenizer that makes the same ids, and pads as batches in training.

    Args:
        preprocessing: The tokenizer.
        folder: Gets `tokenizer.json` and `tokenizer_config.json`.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    assert preprocessing.tokenizer is not None
    tokenizer = Tokenizer.from_str(preprocessing.tokenizer.to_str())
    added = {t.content for t in tokenizer.get_added_tokens_decoder().values()}
    pad = tokenizer.id_to_token(preprocessing.pad_token_id)
    options: dict[str, Any] = {} if pad is None else {"pad_token": pad}
    unknown = getattr(tokenizer.model, "unk_token", None)
    if unknown is not None:
        options["unk_token"] = unknown
    # transformers adds the special tokens to the vocabulary's; where they were not, a
    # text that spells one is split like any other.
    splits = not {*options.values()} <= added
    made: Any = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=preprocessing.max_length,
        padding_side="right",
        truncation_side="right",
        model_input_names=["input_ids", "attention_mask"],
        split_special_tokens=splits,
        clean_up_tokenization_spaces=False,
        **options,
    )
    made.save_pretrained(str(folder))


def telling_texts(preprocessing: Preprocessing) -> list[str]:
    """Returns texts whose ids tell tokenizers apart; none if there is none."""
    tokenizer = preprocessing.tokenizer
    if tokenizer is None:
        return []
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__)[:40]
    return [
        "The quick brown fox, which jumps over 2 dogs: don't!",
        "  Ünïcödé \t and\nlines, 日本語 \U0001f600 ",
        "",
        "a",
        " ".join(words),
        *words[:4],
    ]


def ids_of(preprocessing: Preprocessing, texts: list[str]) -> list[list[int]]:
    """Returns the ids of texts in training, before they are cut or padded."""
    assert preprocessing.tokenizer is not None
    return [each.ids for each in preprocessing.tokenizer.encode_batch(texts)]
