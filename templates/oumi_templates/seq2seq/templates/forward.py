    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits of each next token, and the loss if labels are given.

        Args:
            input_ids: Token ids of the source, (batch, sequence) int64 in
                [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            decoder_input_ids: Token ids of the target so far, (batch, length) int64, a
                sequence that begins with 0; None for the labels, shifted right, or
                without labels for the 0 alone.
            labels: Token ids of the target, (batch, length) int64, ending with 0, or
                -100 for tokens that the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, length, vocab_size) of the token after each position; with
            labels, also the scalar `loss`.
        """
{% if not cookiecutter.__wrap or cookiecutter.__wrap.mask_kind %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
{% endif %}
        if decoder_input_ids is None:
            decoder_input_ids = input_ids.new_zeros(input_ids.shape[0], 1)
            if labels is not None:  # shifted right by one, after a 0
                shifted = labels[:, :-1].clamp(min=0)
                decoder_input_ids = torch.cat([decoder_input_ids, shifted], dim=1)
