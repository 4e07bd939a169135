"""Two classes of rows, told by the sign of one logit."""

from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class OneLogit(BaseModel):
    def __init__(self, num_features: int = 10, hidden_dim: int = 32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(num_features, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 1)
        )

    def forward(self, features, labels=None, **kwargs):
        logits = self.net(features).squeeze(-1)
        if labels is None:
            return {"logits": logits}
        loss = self.criterion(logits, labels.to(logits.dtype))
        return {"logits": logits, "loss": loss}

    @property
    def criterion(self):
        return F.binary_cross_entropy_with_logits
