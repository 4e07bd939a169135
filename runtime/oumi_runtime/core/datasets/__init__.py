"""Base classes for datasets, and the in-memory form that is fastest to train on."""

from oumi_runtime.core.datasets.base_iterable_dataset import BaseIterableDataset
from oumi_runtime.core.datasets.base_map_dataset import BaseMapDataset
from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.in_memory.concatenation import concatenate
from oumi_runtime.core.datasets.in_memory.packing import pack_sequences
from oumi_runtime.core.datasets.in_memory.table_columns import TableColumn, TableColumns
from oumi_runtime.core.datasets.in_memory.texts import (
    PlainTexts,
    TaggedTexts,
    TextColumns,
    TextDataset,
    TextPairs,
    UnlabelledTexts,
)
from oumi_runtime.core.datasets.rows.batch_maker import BatchMaker, MadeBatch
from oumi_runtime.core.datasets.rows.collation import (
    CollatedDataset,
    PaddingCollator,
    RowCollator,
)
from oumi_runtime.core.datasets.rows.reading import ChosenRows, RowReader
from oumi_runtime.core.datasets.streams.block_dataset import BlockDataset
from oumi_runtime.core.datasets.streams.blocks import Block, RawRows, regroup
from oumi_runtime.core.datasets.streams.sources import StreamSource
from oumi_runtime.core.datasets.streams.stream import ReadRows, Stream

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
    "UnlabelledTexts",
    "concatenate",
    "pack_sequences",
    "regroup",
]
