{% include "head.py" %}
    """Classifies a row with a linear layer over its features."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
            num_classes: Number of classes.
        """
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
        self.output = nn.Linear(num_features, num_classes)

{% include "forward.py" %}
        # Change 1 of 2: how features become logits, with the layers created above.
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
        logits = self.output(x)  # (B, C)
{% include "loss.py" %}
