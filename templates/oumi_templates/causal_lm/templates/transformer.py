{% include "head.py" %}
    """A decoder-only transformer with rotary position embeddings."""

    def __init__(
        self,
        vocab_size: int = {{ cookiecutter.vocab_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_heads: int = {{ cookiecutter.num_heads | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            vocab_size: Number of tokens in the vocabulary.
            hidden_dim: Dimension of the embeddings; a multiple of 2 * num_heads.
            num_layers: Number of transformer layers.
            num_heads: Number of attention heads per layer.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: hidden_dim is not such a multiple.
        """
        super().__init__()
{% include "heads_check.py" %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.scale = hidden_dim**0.5  # embeddings start small, being tied to the output
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)

{% include "forward.py" %}
        mask = None  # only later tokens are hidden
        if attention_mask is not None:
            seen = attention_mask[:, None, None, :].bool()  # (B, 1, 1, T)
            mask = seen.expand(-1, -1, input_ids.shape[1], -1).tril()  # (B, 1, T, T)

        x = self.embedding(input_ids) * self.scale  # (B, T, H)
        for layer in self.layers:
            x = layer(x, mask)
        logits = F.linear(self.norm(x), self.embedding.weight)  # (B, T, V), tied
{% include "loss.py" %}


{% include "layer.py" %}
