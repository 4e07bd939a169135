"""Base classes of datasets, and the in-memory form that training reads fastest."""

from oumi_runtime.core.datasets.base_map_dataset import BaseMapDataset
from oumi_runtime.core.datasets.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.concatenation import concatenate
from oumi_runtime.core.datasets.text_dataset import TextDataset

__all__ = [
    "BaseMapDataset",
    "ColumnDataset",
    "RaggedColumn",
    "TextDataset",
    "concatenate",
]
