{% include "head.py" %}
    """Predicts a number with a linear layer over the features."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
        """
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
        self.label_scaler = StandardScaler("labels")
        self.output = nn.Linear(num_features, 1)

{% include "forward.py" %}
        # Change 1 of 2: how features become logits, with the layers created above.
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
        y = self.output(x).squeeze(-1)  # (B,)
{% include "loss.py" %}
