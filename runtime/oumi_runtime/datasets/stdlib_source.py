"""The source of the running Python's standard library, as text to be modelled."""

from oumi_runtime.core.datasets import PlainTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.stdlib_files import (
    check_split,
    module_of,
    require_samples,
    split_of,
    top_files,
)

_PARTS = 24


@register_dataset("stdlib_source")
class StdlibSource(PlainTexts):
    """The modules that are in no package, a text each: about 4 MB.

    A module's split follows from its name alone: one in 24 each is for validation and
    test, about 200 kB.
    """

    def __init__(self, split: str = "train") -> None:
        """Reads one split.

        Args:
            split: train, validation or test.

        Raises:
            DataError: An unknown split, or a Python without its library's source.
        """
        check_split("stdlib_source", split)
        files = [
            path for path in top_files() if split_of(module_of(path), _PARTS) == split
        ]
        require_samples(files)
        super().__init__([path.read_text("utf-8", "replace") for path in files])
