"""The built-in datasets; importing this package registers them."""

from oumi_runtime.datasets.digits import Digits
from oumi_runtime.datasets.image_folder import ImageFolder
from oumi_runtime.datasets.npz_file import NpzFile
from oumi_runtime.datasets.stdlib_docstrings import StdlibDocstrings
from oumi_runtime.datasets.stdlib_signatures import StdlibSignatures
from oumi_runtime.datasets.stdlib_source import StdlibSource
from oumi_runtime.datasets.stdlib_tokens import StdlibTokens
from oumi_runtime.datasets.tabular import Tabular
from oumi_runtime.datasets.text_classification import TextClassification

__all__ = [
    "Digits",
    "ImageFolder",
    "NpzFile",
    "StdlibDocstrings",
    "StdlibSignatures",
    "StdlibSource",
    "StdlibTokens",
    "Tabular",
    "TextClassification",
]
