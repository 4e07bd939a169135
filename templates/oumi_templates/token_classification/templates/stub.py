{% include "head.py" %}
    """Classifies each token from its embedding and those of its two neighbours."""

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
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.classifier = nn.Linear(3 * hidden_dim, num_classes)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)

        # Change 1 of 2: how token ids become logits, with the layers created above.
        x = self.embedding(input_ids) * attention_mask.unsqueeze(-1)  # (B, T, H)
        x = F.pad(x, (0, 0, 1, 1)).unfold(1, 3, 1)  # (B, T, H, 3)
        logits = self.classifier(x.flatten(start_dim=2))  # (B, T, C)
{% include "loss.py" %}
