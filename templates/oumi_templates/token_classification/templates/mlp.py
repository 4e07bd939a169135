{% set middle = cookiecutter.window | odd("window") %}
{% include "head.py" %}
    """Classifies each token with an MLP over a window of token embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        window: int = {{ cookiecutter.window | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings and of the hidden layer.
            window: Number of tokens read to classify the middle one; odd.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: window is not odd, so there is no middle.
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
