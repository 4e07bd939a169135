"""The built-in datasets; importing this package registers them."""

from oumi_runtime.datasets.digits import Digits
from oumi_runtime.datasets.digits_table import DigitsTable
from oumi_runtime.datasets.image_folder import ImageFolder
from oumi_runtime.datasets.npz_file import NpzFile
from oumi_runtime.datasets.stdlib_docstrings import StdlibDocstrings
from oumi_runtime.datasets.stdlib_functions import StdlibFunctions
from oumi_runtime.datasets.stdlib_signatures import StdlibSignatures
from oumi_runtime.datasets.stdlib_source import StdlibSource
from oumi_runtime.datasets.stdlib_tokens import StdlibTokens
from oumi_runtime.datasets.tabular import Tabular
from oumi_runtime.datasets.text_classification import TextClassification
from oumi_runtime.datasets.text_lm import TextLm
from oumi_runtime.datasets.text_pairs import TextPairsFile
from oumi_runtime.datasets.token_classification import TokenClassification

__all__ = [
    "Digits",
    "DigitsTable",
    "ImageFolder",
    "NpzFile",
    "StdlibDocstrings",
    "StdlibFunctions",
    "StdlibSignatures",
    "StdlibSource",
    "StdlibTokens",
    "Tabular",
    "TextClassification",
    "TextLm",
    "TextPairsFile",
    "TokenClassification",
]
