{% include "head.py" %}
    """Classifies a text with a mean-pooled transformer encoder."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_heads: int = {{ cookiecutter.num_heads | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings; a multiple of 2 * num_heads.
            num_layers: Number of transformer layers.
            num_heads: Number of attention heads per layer.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: hidden_dim is not such a multiple.
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(vocab_size=vocab_size, hidden_dim=hidden_dim, num_layers=num_layers, num_heads=num_heads, num_classes=num_classes, dropout=dropout)
{% else %}
        super().__init__()
{% endif %}
{% include "heads_check.py" %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)
        visible = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)

        x = self.embedding(input_ids)  # (B, T, H)
        for layer in self.layers:
            x = layer(x, visible)
        x = self.norm(x) * mask
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        logits = self.classifier(x)  # (B, C)
{% include "loss.py" %}


{% include "layer.py" %}
