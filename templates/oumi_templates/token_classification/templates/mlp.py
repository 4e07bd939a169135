{% include "head.py" %}
    """Classifies each token with an MLP over a window of embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        window: int = {{ cookiecutter.window | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding and of the hidden layer.
            window: Tokens that are seen at once, an odd number; the middle one is
                classified.
            num_classes: Number of classes.
            dropout: Share of hidden units left out in training, in [0, 1).

        Raises:
            ValueError: The window is even, and so has no middle.
        """
        super().__init__()
        if window < 1 or window % 2 == 0:
            raise ValueError(f"window is {window}; give an odd number of tokens")
        self.window = window
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norm = nn.LayerNorm(window * hidden_dim)
        self.hidden = nn.Linear(window * hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        reach = self.window // 2

        x = self.embedding(input_ids) * attention_mask.unsqueeze(-1)  # (B, T, H)
        x = F.pad(x, (0, 0, reach, reach)).unfold(1, self.window, 1)  # (B, T, H, W)
        x = F.gelu(self.hidden(self.norm(x.flatten(start_dim=2))))  # (B, T, H)
        logits = self.classifier(self.dropout(x))  # (B, T, C)
{% include "loss.py" %}
