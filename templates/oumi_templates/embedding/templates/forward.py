    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the embeddings, and the loss if matching texts are given.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for tokens and 0 for padding, (batch, sequence) int64;
                None if there is no padding.
            labels: Token ids of the matching texts, (batch, length) int64, padded with
                -100; the loss ignores rows of only -100.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `embeddings` (batch, {{ "width" if cookiecutter.__wrap else "hidden_dim" }}) of length 1; with labels, also the
            `target_embeddings` of the matching texts and the scalar `loss`.
        """
{% if cookiecutter.__wrap and not cookiecutter.__wrap.mask_kind and not cookiecutter.__wrap.is_pooled %}
        embeddings = self.embed(input_ids)
        if labels is None:
            return {"embeddings": embeddings}
        targets = self.embed(labels.clamp(min=0))
{% else %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        embeddings = self.embed(input_ids, attention_mask)
        if labels is None:
            return {"embeddings": embeddings}
        targets = self.embed(labels.clamp(min=0), (labels != -100).long())
{% endif %}
        loss = self.criterion(embeddings, targets, labels)
        return {"embeddings": embeddings, "target_embeddings": targets, "loss": loss}

{% if cookiecutter.__wrap and not cookiecutter.__wrap.mask_kind and not cookiecutter.__wrap.is_pooled %}
    def embed(self, input_ids: torch.Tensor) -> torch.Tensor:
{% else %}
    def embed(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
{% endif %}
        """Returns embeddings of length 1, (batch, {{ "width" if cookiecutter.__wrap else "hidden_dim" }})."""
