    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: Classes, (batch,) int64; -100 leaves a text out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
