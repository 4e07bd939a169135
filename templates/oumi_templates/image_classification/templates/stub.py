{% include "head.py" %}
    """Classifies an image with one hidden layer over its pixels."""

    def __init__(
        self,
        image_size: int = {{ cookiecutter.image_size | integer }},
        in_channels: int = {{ cookiecutter.in_channels | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Creates the layers.

        Args:
            image_size: Height and width of the images, in pixels.
            in_channels: Number of channels: 1 for greyscale, 3 for RGB.
            hidden_dim: Dimension of the hidden layer.
            num_classes: Number of classes.
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(image_size=image_size, in_channels=in_channels, hidden_dim=hidden_dim, num_classes=num_classes)
{% else %}
        super().__init__()
{% endif %}
        self.hidden = nn.Linear(in_channels * image_size**2, hidden_dim)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        # Change 1 of 2: how pixels become logits, with the layers created above.
        x = images.flatten(start_dim=1)  # (B, C * H * W)
        x = F.relu(self.hidden(x))  # (B, hidden)
        logits = self.classifier(x)  # (B, classes)
{% include "loss.py" %}
