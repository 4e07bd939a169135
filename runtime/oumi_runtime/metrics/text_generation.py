"""Metrics of generated texts, computed by torchmetrics."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.distributed import all_gather_object
from oumi_runtime.core.models.generation import target_texts, written_target
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics
from oumi_runtime.exceptions import DataError
from oumi_runtime.metrics.token_labels import require_token_labels


@register("text_generation", RegistryType.METRICS_FUNCTION)
class TextGeneration(BatchMetrics):
    """`exact_match` and `chrf` of generated texts against the targets.

    Decoding is greedy, with at most as many tokens as the longest target in the batch.
    chrF (Popovic 2015) is the F-score of character n-grams, 0 to 1, without word
    n-grams.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> list[tuple[str, str]]:
        """Returns the generated text and the target of each sample.

        Raises:
            DataError: The labels are not those of tokens, or there is no tokenizer.
        """
        require_token_labels(batch, "text_generation")
        inputs = {name: column for name, column in batch.items() if name != "labels"}
        labels = batch["labels"]
        # All processes have to run the model equally often.
        length = max(all_gather_object(labels.shape[1]))
        written = written_target(model, inputs, length)
        return list(zip(self._texts(written), self._texts(labels), strict=True))

    def _texts(self, rows: torch.Tensor) -> list[str]:
        if self.tokenizer is None:
            raise DataError(
                "the metrics function 'text_generation' needs texts and a tokenizer; "
                "set model.tokenizer_name"
            )
        return target_texts(rows, self.tokenizer)

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """Computes the metrics of all batches."""
        # Imported only when metrics are computed: it takes as long as torch.
        from torchmetrics.functional.text import chrf_score

        pairs = [pair for batch in kept for pair in batch]
        written, targets = zip(*pairs, strict=True)
        references = [[target] for target in targets]
        score = torch.as_tensor(chrf_score(written, references, n_word_order=0))
        matches = sum(one == other for one, other in pairs)
        return {"exact_match": matches / len(pairs), "chrf": score.item()}
