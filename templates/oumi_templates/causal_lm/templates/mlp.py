{% include "head.py" %}
    """Predicts each token from a window of those before it (Bengio et al. 2003)."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        window: int = {{ cookiecutter.window | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings; the hidden layer has four times as
                many units.
            window: Number of tokens that each prediction is based on.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.window = window
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norm = nn.LayerNorm(window * hidden_dim)
        self.hidden = nn.Linear(window * hidden_dim, 4 * hidden_dim)
        self.projection = nn.Linear(4 * hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)

        x = self.embedding(input_ids) * attention_mask.unsqueeze(-1)  # (B, T, H)
        # A window ends at its own token, so only the left side is padded.
        x = F.pad(x, (0, 0, self.window - 1, 0)).unfold(1, self.window, 1)
        x = F.gelu(self.hidden(self.norm(x.flatten(start_dim=2))))  # (B, T, 4 * H)
        x = self.projection(self.dropout(x))  # (B, T, H)
        logits = F.linear(x, self.embedding.weight)  # (B, T, V), with tied weights
{% include "loss.py" %}
