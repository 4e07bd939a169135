{% if not cookiecutter.__wrap %}
        return F.normalize(self.projection(x), dim=-1)
{% endif %}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Contrastive loss of each pair against the other texts of the batch."""
{% if cookiecutter.arch == "stub" and not cookiecutter.__wrap %}
        # Change 2 of 2: the loss.
{% endif %}
        return contrastive_loss


def contrastive_loss(
    embeddings: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Computes the InfoNCE loss: which target of the batch matches each text?

    Args:
        embeddings: (batch, {{ "width" if cookiecutter.__wrap else "hidden_dim" }}) float of length 1.
        targets: Embeddings of the matching texts, likewise.
        labels: (batch, length) int64; rows of only -100 have no target.

    Returns:
        The mean over rows that have a target; 0 if there are none.
    """
    has_target = (labels != -100).any(dim=1)  # (B,)
    similarity = embeddings @ targets.T / 0.05  # (B, B), at a temperature of 0.05
    similarity = similarity.masked_fill(~has_target, -1e4)
    own = torch.arange(labels.shape[0], device=labels.device)
    own = own.masked_fill(~has_target, -100)
    total = F.cross_entropy(similarity, own, reduction="sum")
    return total / has_target.sum().clamp(min=1)
