"""Creates the data that the config of {{ cookiecutter.model_name | identifier }} trains on.

It holds docstrings of Python's standard library, by package; replace them with your own
texts. Each split is saved as a Hugging Face dataset, which Oumi loads by its path.
"""

import ast
import re
import sysconfig
import zlib
from collections.abc import Iterator
from pathlib import Path

from datasets import Dataset

FOLDER = Path(__file__).parent / {{ cookiecutter.module_name | literal }}
VOCAB_SIZE = {{ cookiecutter.vocab_size | integer }}
MAX_LENGTH = 128  # tokens; longer texts are truncated
PACKAGES = [
    "asyncio",
    "email",
    "http",
    "importlib",
    "logging",
    "multiprocessing",
    "tkinter",
    "unittest",
    "urllib",
    "xml",
]


def main() -> None:
    """Saves about 3,000 texts, of which one in ten is for testing."""
    splits: dict[str, list[dict[str, int | list[int]]]] = {"train": [], "test": []}
    for text, label in docstrings().items():
        split = "test" if zlib.crc32(text.encode()) % 10 == 0 else "train"
        splits[split].append({**tokens(text), "labels": label})
    for split, rows in splits.items():
        data = Dataset.from_list(rows).with_format("torch")
        data.save_to_disk(FOLDER / split)


def docstrings() -> dict[str, int]:
    """Returns all docstrings, each with the index of its package."""
    library = Path(sysconfig.get_path("stdlib"))
    return {
        text: label
        for label, package in enumerate(PACKAGES)
        for path in sorted((library / package).rglob("*.py"))
        for text in docstrings_of(path)
    }


def docstrings_of(path: Path) -> Iterator[str]:
    """Yields the docstrings in a file."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and (text := ast.get_docstring(node)) is not None
        ):
            yield text


def tokens(text: str) -> dict[str, list[int]]:
    """Hashes each word to a token id, and pads with 0."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())[:MAX_LENGTH]
    input_ids = [1 + zlib.crc32(word.encode()) % (VOCAB_SIZE - 1) for word in words]
    padding = [0] * (MAX_LENGTH - len(words))
    return {
        "input_ids": input_ids + padding,
        "attention_mask": [1] * len(words) + padding,
    }


if __name__ == "__main__":
    main()
