{% include "head.py" %}
    """Embeds a text with a max-pooled convolution over its tokens (Kim 2014)."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the token and text embeddings, and number of
                filters.
            dropout: Dropout probability, in [0, 1).
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
        x = F.relu(self.convolution(x)) * mask  # (B, H, T), 0 for padding
        x = self.dropout(x.amax(dim=2))  # (B, H)
{% include "loss.py" %}
