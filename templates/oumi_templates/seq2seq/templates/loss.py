
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy of each target token given those before it."""
{% if cookiecutter.arch == "stub" and not cookiecutter.__wrap %}
        # Change 2 of 2: the loss.
{% endif %}
        return cross_entropy


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (..., vocab_size) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
