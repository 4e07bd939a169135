    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the embeddings, and the loss if there are texts that go with them.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: Token ids of the text that goes with each, (batch, length) int64,
                filled up with -100; a row of -100 alone is left out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `embeddings` (batch, hidden_dim) of length 1; if there are labels,
            `target_embeddings` of their texts, likewise, and `loss`, a scalar.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        embeddings = self.embed(input_ids, attention_mask)
        if labels is None:
            return {"embeddings": embeddings}
        targets = self.embed(labels.clamp(min=0), (labels != -100).long())
        loss = self.criterion(embeddings, targets, labels)
        return {"embeddings": embeddings, "target_embeddings": targets, "loss": loss}

    def embed(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        """Computes embeddings of length 1, (batch, hidden_dim)."""
