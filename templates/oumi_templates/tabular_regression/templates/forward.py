    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the predictions, and the loss if labels are given.

        Args:
            features: Numbers of any scale, (batch, num_features) float.
            labels: Target values of any scale, (batch,) float.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch,), the predictions; with labels, also the scalar `loss`.
        """
