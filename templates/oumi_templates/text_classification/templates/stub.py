{% include "head.py" %}
    """Classifies a text by the mean of its token embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings.
            num_classes: Number of classes.
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(vocab_size=vocab_size, hidden_dim=hidden_dim, num_classes=num_classes)
{% else %}
        super().__init__()
{% endif %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        # Change 1 of 2: how token ids become logits, with the layers created above.
        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        logits = self.classifier(x)  # (B, C)
{% include "loss.py" %}
