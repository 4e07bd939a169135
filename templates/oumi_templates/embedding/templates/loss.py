        return F.normalize(self.projection(x), dim=-1)

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """The contrast of each pair with the others of the batch."""
{% if cookiecutter.arch == "stub" %}
        # Change 2 of 2: the loss.
{% endif %}
        return contrastive_loss


def contrastive_loss(
    embeddings: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Each text has to find its target among all of the batch: InfoNCE.

    Args:
        embeddings: (batch, hidden_dim) float of length 1.
        targets: Of the texts that go with them, likewise.
        labels: (batch, length) int64; rows of -100 alone have no target.

    Returns:
        The mean over the rows that have a target; 0 where there are none.
    """
    has_target = (labels != -100).any(dim=1)  # (B,)
    similarity = embeddings @ targets.T / 0.05  # (B, B), of temperature 0.05
    similarity = similarity.masked_fill(~has_target, -1e4)
    own = torch.arange(labels.shape[0], device=labels.device)
    own = own.masked_fill(~has_target, -100)
    total = F.cross_entropy(similarity, own, reduction="sum")
    return total / has_target.sum().clamp(min=1)
