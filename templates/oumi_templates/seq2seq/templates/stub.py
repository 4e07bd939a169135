{% include "head.py" %}
    """Predicts each token from the last one and the means of source and target."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding and of the hidden layer.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norm = nn.LayerNorm(3 * hidden_dim)
        self.hidden = nn.Linear(3 * hidden_dim, hidden_dim)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, S, 1)

        # Change 1 of 2: the way from token ids to logits; its layers are made above.
        source = self.embedding(input_ids) * mask  # (B, S, H)
        source = source.sum(dim=1, keepdim=True)  # (B, 1, H)
        source = source / mask.sum(dim=1, keepdim=True).clamp(min=1)
        x = self.embedding(decoder_input_ids)  # (B, T, H)
        counts = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)  # (T, 1)
        mean = x.cumsum(dim=1) / counts  # (B, T, H), no token sees those after it
        x = torch.cat([x, mean, source.expand_as(x)], dim=-1)  # (B, T, 3 * H)
        x = F.gelu(self.hidden(self.norm(x)))  # (B, T, H)
        logits = F.linear(x, self.embedding.weight)  # (B, T, V), with tied weights
{% include "loss.py" %}
