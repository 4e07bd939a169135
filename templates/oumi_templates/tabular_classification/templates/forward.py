    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            features: Numbers of any size, (batch, num_features) float.
            labels: Classes, (batch,) int64; -100 leaves a row out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
