"""The source of the running Python's standard library, for language modelling."""

from oumi_runtime.core.datasets import PlainTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import check_split
from oumi_runtime.datasets.readers.stdlib_files import (
    module_of,
    require_samples,
    split_of,
    top_files,
)

_PARTS = 24


@register_dataset("stdlib_source")
class StdlibSource(PlainTexts):
    """The top-level modules, one text each: about 4 MB.

    A module's split depends only on its name: one in 24 is for validation and one in 24
    for test, about 200 kB each.
    """

    def __init__(self, split: str = "train") -> None:
        """Reads one split.

        Args:
            split: train, validation or test.

        Raises:
            DataError: The split is unknown, or Python's source files are missing.
        """
        check_split("stdlib_source", split)
        files = [
            path for path in top_files() if split_of(module_of(path), _PARTS) == split
        ]
        require_samples(files)
        super().__init__([path.read_text("utf-8", "replace") for path in files])
