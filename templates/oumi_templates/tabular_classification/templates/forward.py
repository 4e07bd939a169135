    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if labels are given.

        Args:
            features: Numbers of any scale, (batch, num_features) float.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for rows that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
