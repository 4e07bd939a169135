"""Pairs of texts: encoders that embed one text, and decoders that take two."""

import torch
from torch import nn
from torch.nn import functional as F


class MeanEncoder(nn.Module):
    """Embeddings of texts, of length 1 already."""

    def __init__(self, vocab_size: int, dim: int = 32) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, /) -> torch.Tensor:
        weights = mask.unsqueeze(-1)
        mean = (self.table(ids) * weights).sum(1) / weights.sum(1).clamp(min=1)
        return F.normalize(self.out(mean), dim=-1)


class TokenEncoder(nn.Module):
    """States of tokens, of which the model takes the mean."""

    def __init__(self, vocab_size: int, d_model: int = 32, max_len: int = 16) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.places = nn.Parameter(torch.randn(max_len, d_model) * 0.1)
        layer = nn.TransformerEncoderLayer(
            d_model, 4, 2 * d_model, 0.1, batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(
        self, src: torch.Tensor, src_key_padding_mask: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, None]:
        x = self.tokens(src) + self.places[: src.shape[1]]
        return self.layers(x, src_key_padding_mask=src_key_padding_mask), None


class Translator(nn.Module):
    """As in the tutorials of torch: whoever calls it makes all the masks."""

    def __init__(
        self,
        src_vocab_size: int,
        tgt_vocab_size: int,
        emb_size: int = 32,
        max_len: int = 16,
    ) -> None:
        super().__init__()
        self.src_table = nn.Embedding(src_vocab_size, emb_size)
        self.tgt_table = nn.Embedding(tgt_vocab_size, emb_size)
        self.places = nn.Parameter(torch.randn(max_len, emb_size) * 0.1)
        self.transformer = nn.Transformer(emb_size, 4, 1, 1, 64, 0.1, batch_first=True)
        self.generator = nn.Linear(emb_size, tgt_vocab_size)

    def forward(
        self,
        src: torch.Tensor,
        tgt: torch.Tensor,
        src_mask: torch.Tensor | None,
        tgt_mask: torch.Tensor,
        src_padding_mask: torch.Tensor,
        tgt_padding_mask: torch.Tensor | None,
        memory_key_padding_mask: torch.Tensor,
    ) -> torch.Tensor:
        states = self.transformer(
            self.src_table(src) + self.places[: src.shape[1]],
            self.tgt_table(tgt) + self.places[: tgt.shape[1]],
            src_mask,
            tgt_mask,
            None,
            src_padding_mask,
            tgt_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal=True,
        )
        logits: torch.Tensor = self.generator(states)
        return logits


class Recurrent(nn.Module):
    """A source that is packed by its lengths, and logits beside the state."""

    def __init__(self, vocab_size: int, hidden: int = 32) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, hidden)
        self.encoder = nn.GRU(hidden, hidden, batch_first=True)
        self.decoder = nn.GRU(hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab_size)

    def forward(
        self, src: torch.Tensor, src_lengths: torch.Tensor, trg: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(
            self.table(src), src_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        _, state = self.encoder(packed)
        states, state = self.decoder(self.table(trg), state)
        return {"state": state, "logits": self.out(states)}


class Pooled(nn.Module):
    """States beside a text's embedding, which an argument turns off."""

    def __init__(self, vocab_size: int, dim: int = 32, add_pool: bool = True) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab_size, dim)
        self.pooler = nn.Linear(dim, dim) if add_pool else None

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor
    ) -> dict[str, torch.Tensor | None]:
        states, weights = self.table(ids), mask.unsqueeze(-1)
        mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        pooled = self.pooler(mean) if self.pooler is not None else None
        return {"last_hidden_state": states, "pooler_output": pooled}
