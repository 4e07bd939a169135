{% include "head.py" %}
    """Classifies a text with max-pooled convolutions of three widths (Kim 2014)."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings, and number of filters per width.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(vocab_size=vocab_size, hidden_dim=hidden_dim, num_classes=num_classes, dropout=dropout)
{% else %}
        super().__init__()
{% endif %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(hidden_dim, hidden_dim, kernel_size=width, padding=width // 2)
            for width in (1, 3, 5)
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(3 * hidden_dim, num_classes)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(1)  # (B, 1, T)

        x = self.embedding(input_ids).transpose(1, 2) * mask  # (B, H, T)
        responses = [F.relu(conv(x)) * mask for conv in self.convolutions]  # (B, H, T)
        x = torch.cat([each.amax(dim=2) for each in responses], dim=1)  # (B, 3 * H)
        logits = self.classifier(self.dropout(x))  # (B, C)
{% include "loss.py" %}
