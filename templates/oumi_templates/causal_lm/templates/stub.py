{% include "head.py" %}
    """Predicts each token from the one before it."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.hidden = nn.Linear(hidden_dim, hidden_dim)

{% include "forward.py" %}
        # Change 1 of 2: the way from token ids to logits; its layers are made above.
        x = F.gelu(self.hidden(self.embedding(input_ids)))  # (B, T, H)
        logits = F.linear(x, self.embedding.weight)  # (B, T, V), with tied weights
{% include "loss.py" %}
