{% include "head.py" %}
    """Weighs the features for each class: the smallest model that learns."""

    def __init__(
        self,
        num_features: int = {{ cookiecutter.num_features | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            num_features: Number of features.
            num_classes: Number of classes.
        """
        super().__init__()
        self.output = nn.Linear(num_features, num_classes)

{% include "forward.py" %}
        # Change 1 of 2: the way from features to logits; its layers are made above.
        x = torch.asinh(features)  # (B, F), numbers of any size made small
        logits = self.output(x)  # (B, C)
{% include "loss.py" %}
