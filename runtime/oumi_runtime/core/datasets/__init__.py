"""Base classes for datasets, and the in-memory form that is fastest to train on."""

from oumi_runtime.core.datasets.base_iterable_dataset import BaseIterableDataset
from oumi_runtime.core.datasets.base_map_dataset import BaseMapDataset
from oumi_runtime.core.datasets.batch_maker import BatchMaker, MadeBatch
from oumi_runtime.core.datasets.block_dataset import BlockDataset
from oumi_runtime.core.datasets.blocks import Block, RawRows, regroup
from oumi_runtime.core.datasets.collation import (
    CollatedDataset,
    PaddingCollator,
    RowCollator,
)
from oumi_runtime.core.datasets.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.concatenation import concatenate
from oumi_runtime.core.datasets.packing import pack_sequences
from oumi_runtime.core.datasets.rows import ChosenRows, RowReader
from oumi_runtime.core.datasets.stream_sources import StreamSource
from oumi_runtime.core.datasets.streaming import ReadRows, Stream
from oumi_runtime.core.datasets.table_columns import TableColumn, TableColumns
from oumi_runtime.core.datasets.text_dataset import (
    PlainTexts,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
)

__all__ = [
    "BaseIterableDataset",
    "BaseMapDataset",
    "BatchMaker",
    "Block",
    "BlockDataset",
    "ChosenRows",
    "CollatedDataset",
    "ColumnDataset",
    "MadeBatch",
    "PaddingCollator",
    "PlainTexts",
    "RaggedColumn",
    "RawRows",
    "ReadRows",
    "RowCollator",
    "RowReader",
    "Stream",
    "StreamSource",
    "TableColumn",
    "TableColumns",
    "TaggedTexts",
    "TextColumns",
    "TextDataset",
    "TextPairs",
    "concatenate",
    "pack_sequences",
    "regroup",
]
