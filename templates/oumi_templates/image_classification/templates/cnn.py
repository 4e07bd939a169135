{% set side = cookiecutter.image_size | multiple_of(4, "image_size") %}
{% include "head.py" %}
    """Classifies an image with two convolutions, max pooling and an MLP."""

    def __init__(
        self,
        image_size: int = {{ cookiecutter.image_size | integer }},
        in_channels: int = {{ cookiecutter.in_channels | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            image_size: Height and width of the images, in pixels; a multiple of 4.
            in_channels: Number of channels: 1 for greyscale, 3 for RGB.
            hidden_dim: Dimension of the MLP's hidden layer.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: image_size is not a multiple of 4; pooling would drop pixels.
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(image_size=image_size, in_channels=in_channels, hidden_dim=hidden_dim, num_classes=num_classes, dropout=dropout)
{% else %}
        super().__init__()
{% endif %}
        if image_size < 4 or image_size % 4:
            raise ValueError(f"image_size is {image_size}; give a multiple of 4")
        self.conv1 = nn.Conv2d(in_channels, 32, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.hidden = nn.Linear(64 * (image_size // 4) ** 2, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)  # (B, 32, H/2, W/2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (B, 64, H/4, W/4)
        x = F.relu(self.hidden(x.flatten(start_dim=1)))  # (B, hidden)
        logits = self.classifier(self.dropout(x))  # (B, classes)
{% include "loss.py" %}
