"""Names that neither a class nor a project can have, in lower case."""

import builtins
import keyword
import sys
from collections.abc import Iterable

# What generated files import or could, and modules that pytest or Windows would open.
USED_BY_GENERATED_CODE = frozenset(
    """
    baseiterabledataset basemapdataset basemodel iterator mapping
    f nn np numpy oumi oumi_runtime pytest registry tensor torch torchmetrics
    torchvision transformers conftest vocab_size num_classes num_features
    aux con nul prn com1 com2 com3 com4 lpt1 lpt2 lpt3 lpt4
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read
)


def _lowered(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


KEYWORDS = _lowered([*keyword.kwlist, *keyword.softkwlist])
BUILTINS = _lowered(dir(builtins))
STANDARD_LIBRARY = _lowered(sys.stdlib_module_names)
