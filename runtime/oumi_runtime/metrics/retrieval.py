"""Metrics of embeddings."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics

_SIMILARITIES_AT_ONCE = 2**24


@register("retrieval", RegistryType.METRICS_FUNCTION)
class Retrieval(BatchMetrics):
    """`recall@1` and `recall@10`: how often a text finds the one that goes with it.

    Every text is compared with the targets of all samples by the product of their
    embeddings; guessing finds one in as many as there are.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The embeddings of the texts and of the targets, both (batch, hidden)."""
        texts, targets = outputs["embeddings"], outputs["target_embeddings"]
        return texts.float().cpu(), targets.float().cpu()

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """The metrics of all batches."""
        texts, targets = (torch.cat(each) for each in zip(*kept, strict=True))
        number = len(texts)
        most = min(10, number)
        # Some texts at a time: all similarities of 100,000 pairs take 40 GB.
        rows = max(1, _SIMILARITIES_AT_ONCE // number)
        own = torch.arange(number).unsqueeze(1).split(rows)
        ranked = [
            (part @ targets.T).topk(most).indices == places  # (rows, most)
            for part, places in zip(texts.split(rows), own, strict=True)
        ]
        is_own = torch.cat(ranked)
        return {
            f"recall@{k}": is_own[:, :k].any(dim=1).double().mean().item()
            for k in (1, 10)
        }
