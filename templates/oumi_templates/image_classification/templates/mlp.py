{% include "head.py" %}
    """Classifies an image with an MLP that has residual connections."""

    def __init__(
        self,
        image_size: int = {{ cookiecutter.image_size | integer }},
        in_channels: int = {{ cookiecutter.in_channels | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            image_size: Height and width of the images, in pixels.
            in_channels: Number of channels: 1 for greyscale, 3 for RGB.
            hidden_dim: Dimension of the layers.
            num_layers: Number of residual layers.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(image_size=image_size, in_channels=in_channels, hidden_dim=hidden_dim, num_layers=num_layers, num_classes=num_classes, dropout=dropout)
{% else %}
        super().__init__()
{% endif %}
        self.input = nn.Linear(in_channels * image_size**2, hidden_dim)
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
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        x = self.input(images.flatten(start_dim=1))  # (B, hidden)
        for layer in self.layers:
            x = x + layer(x)
        logits = self.classifier(self.norm(x))  # (B, classes)
{% include "loss.py" %}
