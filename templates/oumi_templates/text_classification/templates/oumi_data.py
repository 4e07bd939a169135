"""Writes the data that the config of {{ cookiecutter.model_name | identifier }} trains on.

Docstrings of Python's own library, by package; put your own texts in their place.
Each split becomes a folder of Hugging Face's datasets, which Oumi loads by its path.
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
MAX_LENGTH = 128  # tokens kept of each text
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
    """Writes about 3,000 texts; one in ten is kept for testing."""
    splits: dict[str, list[dict[str, int | list[int]]]] = {"train": [], "test": []}
    for text, label in docstrings().items():
        split = "test" if zlib.crc32(text.encode()) % 10 == 0 else "train"
        splits[split].append({**tokens(text), "labels": label})
    for split, rows in splits.items():
        data = Dataset.from_list(rows).with_format("torch")
        data.save_to_disk(FOLDER / split)


def docstrings() -> dict[str, int]:
    """Returns every docstring, with the number of its package."""
    library = Path(sysconfig.get_path("stdlib"))
    return {
        text: label
        for label, package in enumerate(PACKAGES)
        for path in sorted((library / package).rglob("*.py"))
        for text in docstrings_of(path)
    }


def docstrings_of(path: Path) -> Iterator[str]:
    """Yields the docstrings of a file."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and (text := ast.get_docstring(node)) is not None
        ):
            yield text


def tokens(text: str) -> dict[str, list[int]]:
    """Returns a number for every word, from its letters; 0 fills the rest."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())[:MAX_LENGTH]
    input_ids = [1 + zlib.crc32(word.encode()) % (VOCAB_SIZE - 1) for word in words]
    padding = [0] * (MAX_LENGTH - len(words))
    return {
        "input_ids": input_ids + padding,
        "attention_mask": [1] * len(words) + padding,
    }


if __name__ == "__main__":
    main()
