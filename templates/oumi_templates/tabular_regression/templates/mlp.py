{% include "head.py" %}
    """An MLP with residual connections over the features."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Dimension of the layers.
            num_layers: Number of residual layers.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
        self.label_scaler = StandardScaler("labels")
        self.input = nn.Linear(num_features, hidden_dim)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden_dim),
                nn.Linear(hidden_dim, hidden_dim),
                nn.GELU(),
                nn.Dropout(dropout),
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.output = nn.Linear(hidden_dim, 1)

{% include "forward.py" %}
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
        x = self.input(x)  # (B, H)
        for layer in self.layers:
            x = x + layer(x)
        y = self.output(self.norm(x)).squeeze(-1)  # (B,)
{% include "loss.py" %}
