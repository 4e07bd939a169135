{% include "head.py" %}
    """Dilated causal convolutions, each added to its input (Oord et al. 2016)."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings, and number of channels.
            num_layers: Number of convolutions; n of them see 2 ** (n + 1) - 1 tokens.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_dim) for _ in range(num_layers))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden_dim, hidden_dim, kernel_size=3, dilation=2**depth)
            for depth in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(hidden_dim)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids)  # (B, T, H)
        layers = zip(self.norms, self.convolutions, strict=True)
        for depth, (norm, convolution) in enumerate(layers):
            y = (norm(x) * mask).transpose(1, 2)  # (B, H, T)
            # Only the left side is padded, so that no token sees later ones.
            y = convolution(F.pad(y, (2 * 2**depth, 0)))
            x = x + self.dropout(F.gelu(y).transpose(1, 2))
        logits = F.linear(self.norm(x), self.embedding.weight)  # (B, T, V), tied
{% include "loss.py" %}
