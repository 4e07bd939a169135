{% include "head.py" %}
    """Embeds a text by the strongest response to filters of three tokens (Kim 2014)."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of the embeddings, of tokens and of texts; also the
                number of filters.
            dropout: Share of filters left out in training, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.convolution = nn.Conv1d(hidden_dim, hidden_dim, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.projection = nn.Linear(hidden_dim, hidden_dim)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(1)  # (B, 1, T)

        x = self.embedding(input_ids).transpose(1, 2) * mask  # (B, H, T)
        x = F.relu(self.convolution(x)) * mask  # (B, H, T), 0 at padding
        x = self.dropout(x.amax(dim=2))  # (B, H)
{% include "loss.py" %}
