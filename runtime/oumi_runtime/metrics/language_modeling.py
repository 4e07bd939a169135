"""Metrics of language models."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from tokenizers import decoders
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics
from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics.token_labels import require_token_labels

# Those of the tokenizers that are made here; they stand for no byte.
_SPECIAL_TOKENS = {"[PAD]", "[UNK]"}


@register("language_modeling", RegistryType.METRICS_FUNCTION)
class LanguageModeling(BatchMetrics):
    """`perplexity` of a token, and `bits_per_byte` of the text where it is known.

    The logits at a position are compared with the label at the next one. Bits per byte
    allow comparing models with different vocabularies: the information in the tokens,
    divided by the number of UTF-8 bytes that they represent.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> tuple[float, int, int]:
        """Returns the tokens' total loss in nats, their number, and that of bytes.

        Raises:
            DataError: The labels are not those of tokens.
        """
        require_token_labels(batch, "language_modeling")
        # The labels are shifted: another length of logits would copy them.
        labels = F.pad(batch["labels"][:, 1:], (0, 1), value=-1)
        counted = labels >= 0
        num_tokens = int(counted.sum())
        if num_tokens == 0:
            return 0.0, 0, 0
        loss = F.cross_entropy(
            outputs["logits"].flatten(0, 1).float(),
            labels.masked_fill(~counted, -100).flatten(),
            reduction="sum",
        )
        return float(loss), num_tokens, self._count_bytes(labels[counted])

    def _count_bytes(self, ids: torch.Tensor) -> int:
        if self.tokenizer is None:
            return 0
        if not isinstance(self.tokenizer.decoder, decoders.ByteLevel):
            return len(self.tokenizer.decode(ids.tolist()).encode())
        known = ids[ids < len(self._bytes_of_ids)].cpu()
        return int(self._bytes_of_ids[known].sum())

    @cached_property
    def _bytes_of_ids(self) -> torch.Tensor:
        """The number of bytes of each token of a byte-level tokenizer, (ids,)."""
        assert self.tokenizer is not None
        added = self.tokenizer.get_added_tokens_decoder()
        names = {i: name for name, i in self.tokenizer.get_vocab().items()}
        numbers = torch.zeros(max(names, default=-1) + 1, dtype=torch.int64)
        for token, name in names.items():
            if token not in added and name not in _SPECIAL_TOKENS:
                # A token's name has a character for each of its bytes.
                numbers[token] = len(name)
        return numbers

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """Computes the metrics of all batches.

        Raises:
            DataError: No token has a label.
        """
        nats, num_tokens, num_bytes = (sum(each) for each in zip(*kept, strict=True))
        if num_tokens == 0:
            raise DataError(
                "the metrics function 'language_modeling' needs token ids as labels, "
                "and none are there; leave training.metrics_function out"
            )
        metrics = {"perplexity": math.exp(nats / num_tokens)}
        if num_bytes:
            metrics["bits_per_byte"] = nats / math.log(2) / num_bytes
        return metrics
