    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if labels are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for texts that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
{% if not cookiecutter.__wrap or cookiecutter.__wrap.mask_kind %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
{% endif %}
