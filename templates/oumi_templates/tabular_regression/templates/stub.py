{% include "head.py" %}
    """Weighs the features: the smallest model that learns."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            num_features: Number of features.
        """
        super().__init__()
        self.output = nn.Linear(num_features, 1)

{% include "forward.py" %}
        # Change 1 of 2: the way from features to logits; its layers are made above.
        x = torch.asinh(features)  # (B, F), numbers of any size made small
        logits = self.output(x).squeeze(-1)  # (B,)
{% include "loss.py" %}
