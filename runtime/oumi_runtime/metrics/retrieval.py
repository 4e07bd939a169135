"""Metrics of embeddings."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.array_store import ArrayStore
from oumi_runtime.core.trainers.evaluation import BatchMetrics

_SIMILARITIES_AT_ONCE = 2**24


@register("retrieval", RegistryType.METRICS_FUNCTION)
class Retrieval(BatchMetrics):
    """`recall@1` and `recall@10`: how often a text finds the one that goes with it.

    Every text is compared with the targets of all samples by the product of their
    embeddings; guessing finds one in as many as there are.
    """

    def __init__(self, tokenizer: Tokenizer | None = None) -> None:
        """Initializes the metrics; see `BatchMetrics`."""
        super().__init__(tokenizer)
        self._store = ArrayStore()

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the embeddings of the texts and targets, both (batch, hidden)."""
        texts, targets = outputs["embeddings"], outputs["target_embeddings"]
        return self._store.store(texts.float()), self._store.store(targets.float())

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """Computes the metrics of all batches."""
        texts, targets = (
            torch.from_numpy(np.concatenate(each)) for each in zip(*kept, strict=True)
        )
        number = len(texts)
        most = min(10, number)
        # Some texts at a time: all similarities of 100,000 pairs take 40 GB.
        rows = max(1, _SIMILARITIES_AT_ONCE // number)
        own = torch.arange(number).unsqueeze(1)
        is_own = torch.cat(
            [
                (texts[first : first + rows] @ targets.T).topk(most).indices
                == own[first : first + rows]
                for first in range(0, number, rows)
            ]
        )  # (N, most)
        return {
            f"recall@{k}": is_own[:, :k].any(dim=1).double().mean().item()
            for k in (1, 10)
        }
