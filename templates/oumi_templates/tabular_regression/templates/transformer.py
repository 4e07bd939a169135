{% set width = cookiecutter.hidden_dim | multiple_of(cookiecutter.num_heads, "hidden_dim", "num_heads") %}
{% include "head.py" %}
    """A transformer with a token for each feature (Gorishniy et al. 2021)."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_heads: int = {{ cookiecutter.num_heads | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Dimension of the feature embeddings; a multiple of num_heads.
            num_layers: Number of transformer layers.
            num_heads: Number of attention heads per layer.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: hidden_dim is not such a multiple.
        """
        super().__init__()
        if hidden_dim % num_heads:
            raise ValueError(f"hidden_dim is {hidden_dim}; give a multiple of {num_heads}")
        self.feature_scaler = StandardScaler("features", num_features)
        self.label_scaler = StandardScaler("labels")
        self.weight = nn.Parameter(torch.randn(num_features, hidden_dim) * 0.1)
        self.bias = nn.Parameter(torch.randn(num_features, hidden_dim) * 0.1)
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.output = nn.Linear(hidden_dim, 1)

{% include "forward.py" %}
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
        x = x.unsqueeze(-1) * self.weight + self.bias  # (B, F, H)
        for layer in self.layers:
            x = layer(x)
        y = self.output(self.norm(x).mean(dim=1)).squeeze(-1)  # (B,)
{% include "loss.py" %}


{% include "layer.py" %}
