    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            images: (batch, in_channels, image_size, image_size) float in 0..1.
            labels: Classes, (batch,) int64; -100 leaves an image out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
