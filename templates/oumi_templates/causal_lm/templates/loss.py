
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy of each token given those before it."""
{% if cookiecutter.arch == "stub" and not cookiecutter.__wrap %}
        # Change 2 of 2: the loss.
{% endif %}
        return next_token_loss


def next_token_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (batch, sequence, vocab_size) float.
        labels: (batch, sequence) int64, not shifted; nothing predicts the first one.
    """
    # Shifting the logits instead would copy them; the labels are small.
    targets = F.pad(labels[:, 1:], (0, 1), value=-100).flatten()
    total = F.cross_entropy(logits.flatten(0, 1), targets, reduction="sum")
    return total / (targets != -100).sum().clamp(min=1)
