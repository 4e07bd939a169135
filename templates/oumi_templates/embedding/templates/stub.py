{% include "head.py" %}
    """Embeds a text by projecting the mean of its token embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the token and text embeddings.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.projection = nn.Linear(hidden_dim, hidden_dim)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        # Change 1 of 2: how token ids become embeddings, with the layers above.
        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
{% include "loss.py" %}
