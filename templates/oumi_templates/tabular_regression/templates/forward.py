    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the predictions, and the loss if there are labels.

        Args:
            features: Numbers of any size, (batch, num_features) float.
            labels: Target values, (batch,) float, best of a size near 1.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch,), the predictions, and `loss`, a scalar, if there are
            labels.
        """
