{% include "head.py" %}
    """Embeds a text by self-attention over its tokens, averaged."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_heads: int = {{ cookiecutter.num_heads | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of the embeddings, of tokens and of texts; a
                multiple of 2 * num_heads.
            num_layers: Number of layers.
            num_heads: Number of attention heads of a layer.
            dropout: Share of units left out in training, in [0, 1).

        Raises:
            ValueError: The width is not such a multiple.
        """
        super().__init__()
{% include "heads_check.py" %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.projection = nn.Linear(hidden_dim, hidden_dim)

{% include "forward.py" %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)
        visible = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)

        x = self.embedding(input_ids)  # (B, T, H)
        for layer in self.layers:
            x = layer(x, visible)
        x = self.norm(x) * mask
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
{% include "loss.py" %}


{% include "layer.py" %}
