{% include "head.py" %}
    """Classifies a text by the mean of its token embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding.
            num_classes: Number of classes.
        """
{% if cookiecutter.target == "oumi" %}
        # What `save_pretrained` writes, for the model to be made again from it.
        super().__init__(vocab_size=vocab_size, hidden_dim=hidden_dim, num_classes=num_classes)
{% else %}
        super().__init__()
{% endif %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        # Change 1 of 2: the way from token ids to logits; its layers are made above.
        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        logits = self.classifier(x)  # (B, C)
{% include "loss.py" %}
