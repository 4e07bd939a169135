    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits of each next token, and the loss if there are labels.

        Args:
            input_ids: Token ids of the source, (batch, sequence) int64.
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            decoder_input_ids: The target so far, (batch, length) int64, begun with 0.
                None for that of the labels, or for 0 alone.
            labels: Token ids of the target, (batch, length) int64, ended by 0; -100
                leaves a token out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, length, vocab_size), each of the token that follows, and
            `loss`, a scalar, if there are labels.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if decoder_input_ids is None:
            decoder_input_ids = input_ids.new_zeros(input_ids.shape[0], 1)
            if labels is not None:  # shifted by one, behind the 0
                shifted = labels[:, :-1].clamp(min=0)
                decoder_input_ids = torch.cat([decoder_input_ids, shifted], dim=1)
