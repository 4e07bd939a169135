    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits of each next token, and the loss if there are labels.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: The token ids once more, (batch, sequence) int64; they are shifted
                here. -100 leaves a token out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, sequence, vocab_size), each of the token that follows, and
            `loss`, a scalar, if there are labels.
        """
