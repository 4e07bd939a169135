"""Finds the span of a text that answers a question; its labels are two positions."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class SpanFinder(BaseModel):
    """A bidirectional GRU, and two logits for each token; a dict with None in it."""

    def __init__(self, vocab_size: int = 500, width: int = 16):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, width)
        self.forwards = nn.GRU(width, width, batch_first=True)
        self.ends = nn.Linear(width, 2)

    def forward(
        self,
        input_ids,
        attention_mask=None,
        start_positions=None,
        end_positions=None,
        **kwargs,
    ):
        """Finds spans.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence), 1 for tokens.
            start_positions: (batch,) int64.
            end_positions: (batch,) int64.
        """
        x, _ = self.forwards(self.embed(input_ids))
        start, end = self.ends(x).unbind(-1)  # (batch, sequence) each
        if attention_mask is not None:
            start = start.masked_fill(attention_mask == 0, -1e4)
            end = end.masked_fill(attention_mask == 0, -1e4)
        loss = None
        if start_positions is not None and end_positions is not None:
            losses = [(start, start_positions), (end, end_positions)]
            loss = sum(self.criterion(*each) for each in losses) / 2
        return {"loss": loss, "start_logits": start, "end_logits": end}

    @property
    def criterion(self):
        return F.cross_entropy
