{% include "head.py" %}
    """Classifies each token with a transformer encoder."""

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
        super().__init__()
{% include "heads_check.py" %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)

        x = self.embedding(input_ids)  # (B, T, H)
        for layer in self.layers:
            x = layer(x, mask)
        logits = self.classifier(self.norm(x))  # (B, T, C)
{% include "loss.py" %}


{% include "layer.py" %}
