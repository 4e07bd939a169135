"""Reads a file that is one text, whole or as a stream."""

from collections.abc import Iterator
from pathlib import Path

from oumi_runtime.core.datasets import BlockDataset, PlainTexts
from oumi_runtime.exceptions import BadRowError, DataError

# A shuffle buffer of a thousand parts takes 64 MB.
_PART_CHARACTERS = 1 << 16
_PARTS_AT_ONCE = 16


def read_text(path: Path) -> str:
    """Reads the whole text.

    Raises:
        DataError: It is empty, or not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except ValueError as error:
        raise DataError(f"{path} is not UTF-8: {error}") from error
    if not text:
        raise DataError(f"{path} is empty")
    return text


class TextFileStream(BlockDataset):
    """A text in parts of at least 65,536 characters that end at line ends.

    A line is cut only if it is longer than that.
    """

    def __init__(self, path: Path, *, dataset_name: str) -> None:
        """Opens the file.

        Raises:
            DataError: The file is empty.
        """
        self.dataset_name, self.dataset_path = dataset_name, str(path)
        self._path = path
        if path.stat().st_size == 0:
            raise DataError(f"{path} is empty")

    def read_blocks(self, start: int = 0) -> Iterator[PlainTexts]:
        """Iterates over the parts; see `BlockDataset.read_blocks`."""
        held: list[str] = []
        for number, part in enumerate(self._parts()):
            if number >= start:
                held.append(part)
            if len(held) == _PARTS_AT_ONCE:
                yield PlainTexts(held)
                held = []
        if held:
            yield PlainTexts(held)

    def _parts(self) -> Iterator[str]:
        try:
            with self._path.open(encoding="utf-8-sig") as file:
                while part := file.read(_PART_CHARACTERS):
                    if not part.endswith("\n"):
                        part += file.readline(_PART_CHARACTERS)
                    yield part
        except ValueError as error:
            raise BadRowError(f"{self._path} is not UTF-8: {error}") from error
