{% include "head.py" %}
    """Predicts each token from the one before it."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.hidden = nn.Linear(hidden_dim, hidden_dim)

{% include "forward.py" %}
        # Change 1 of 2: how token ids become logits, with the layers created above.
        x = F.gelu(self.hidden(self.embedding(input_ids)))  # (B, T, H)
        logits = F.linear(x, self.embedding.weight)  # (B, T, V), with tied weights
{% include "loss.py" %}
