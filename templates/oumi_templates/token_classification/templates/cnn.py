{% include "head.py" %}
    """Classifies each token with convolutions, each added to its input."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings, and number of channels.
            num_layers: Number of convolutions; each sees 2 tokens further on each side.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_dim) for _ in range(num_layers))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden_dim, hidden_dim, kernel_size=5, padding=2)
            for _ in range(num_layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        x = self.embedding(input_ids)  # (B, T, H)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            y = (norm(x) * mask).transpose(1, 2)  # (B, H, T), 0 for padding
            x = x + self.dropout(F.gelu(convolution(y)).transpose(1, 2))
        logits = self.classifier(x)  # (B, T, C)
{% include "loss.py" %}
