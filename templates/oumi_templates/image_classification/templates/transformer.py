{% set width = cookiecutter.hidden_dim | multiple_of(cookiecutter.num_heads, "hidden_dim", "num_heads") %}
{% set patch = cookiecutter.patch_size | integer %}
{% set side = cookiecutter.image_size | multiple_of(patch, "image_size", "patch_size") %}
{% set several = side | at_least(2 * patch, "image_size", "twice patch_size: one patch has none to attend to") %}
{% include "head.py" %}
    """A mean-pooled vision transformer (Dosovitskiy et al. 2021)."""

    def __init__(
        self,
        image_size: int = {{ cookiecutter.image_size | integer }},
        in_channels: int = {{ cookiecutter.in_channels | integer }},
        patch_size: int = {{ cookiecutter.patch_size | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_layers: int = {{ cookiecutter.num_layers | integer }},
        num_heads: int = {{ cookiecutter.num_heads | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
        dropout: float = {{ cookiecutter.dropout | number | literal }},
    ) -> None:
        """Creates the layers.

        Args:
            image_size: Height and width of the images, in pixels.
            in_channels: Number of channels: 1 for greyscale, 3 for RGB.
            patch_size: Height and width of the patches, in pixels; divides image_size.
            hidden_dim: Dimension of the patch embeddings; a multiple of num_heads.
            num_layers: Number of transformer layers.
            num_heads: Number of attention heads per layer.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: image_size or hidden_dim is not such a multiple.
        """
{% if cookiecutter.target == "oumi" %}
        # `save_pretrained` writes these, and `from_pretrained` needs them.
        super().__init__(image_size=image_size, in_channels=in_channels, patch_size=patch_size, hidden_dim=hidden_dim, num_layers=num_layers, num_heads=num_heads, num_classes=num_classes, dropout=dropout)
{% else %}
        super().__init__()
{% endif %}
        if image_size % patch_size or hidden_dim % num_heads:
            raise ValueError(
                f"image_size is {image_size} and hidden_dim {hidden_dim}; give "
                f"multiples of {patch_size} and {num_heads}"
            )
        self.patches = nn.Conv2d(
            in_channels, hidden_dim, kernel_size=patch_size, stride=patch_size
        )
        num_patches = (image_size // patch_size) ** 2
        self.positions = nn.Parameter(torch.randn(num_patches, hidden_dim) * 0.02)
        self.layers = nn.ModuleList(
            _Layer(hidden_dim, num_heads, dropout) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.classifier = nn.Linear(hidden_dim, num_classes)

{% include "forward.py" %}
        x = self.patches(images).flatten(start_dim=2).transpose(1, 2)  # (B, P, hidden)
        x = x + self.positions
        for layer in self.layers:
            x = layer(x)
        logits = self.classifier(self.norm(x).mean(dim=1))  # (B, classes)
{% include "loss.py" %}


{% include "layer.py" %}
