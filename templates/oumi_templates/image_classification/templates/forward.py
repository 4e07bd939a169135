    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if labels are given.

        Args:
            images: (batch, in_channels, image_size, image_size) float in 0..1.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for images that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
