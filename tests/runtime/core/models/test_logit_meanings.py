"""The labels that a loss takes tell classes, independent labels and values apart."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models.logit_meanings import LogitMeaning, logit_meaning

C, L, V = LogitMeaning.CLASSES, LogitMeaning.LABELS, LogitMeaning.VALUES
WEIGHTS = torch.tensor([1.0, 2.0, 3.0])


class Net(nn.Module):
    """Rows of some size, as big as the logits, and a loss."""

    def __init__(self, loss, size: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.loss = nn.Linear(size, size), loss

    def forward(self, features, labels=None):
        logits = self.layer(features)
        found = {"logits": logits}
        if labels is not None:
            found["loss"] = self.loss(logits, labels) + 0.01 * logits.square().mean()
        return found


def focal(logits, labels):
    losses = F.cross_entropy(logits, labels, reduction="none")
    return ((1 - (-losses).exp()) ** 2 * losses).mean()


def of_one_hot(logits, labels):
    return F.binary_cross_entropy_with_logits(
        logits, F.one_hot(labels, logits.shape[1]).float()
    )


def of_shares(logits, labels):
    return F.kl_div(logits.log_softmax(-1), labels, reduction="batchmean")


@pytest.mark.parametrize(
    ("loss", "meaning"),
    [
        (F.cross_entropy, C),
        (nn.CrossEntropyLoss(label_smoothing=0.1), C),
        (focal, C),
        (of_one_hot, C),
        (F.binary_cross_entropy_with_logits, L),
        (nn.BCEWithLogitsLoss(pos_weight=WEIGHTS, reduction="sum"), L),
        (lambda x, y: F.binary_cross_entropy(x.sigmoid(), y), L),
        (F.mse_loss, V),
        (F.l1_loss, V),
        (F.smooth_l1_loss, V),
    ],
)
@pytest.mark.parametrize("size", [3])
def test_the_loss_tells_what_logits_are(loss, meaning, size):
    for count in (1, 2, 3, 7):
        inputs = {"features": torch.randn(count, size)}
        assert logit_meaning(Net(loss, size), inputs) is meaning


def test_probabilities_of_classes_are_of_classes():
    model = Net(of_shares)
    model.forward = lambda features, labels=None: {  # Without the other term.
        "logits": model.layer(features),
        **({} if labels is None else {"loss": of_shares(features, labels)}),
    }
    assert logit_meaning(model, {"features": torch.randn(2, 3)}) is C


def test_two_logits_and_no_loss_are_told():
    inputs = {"features": torch.randn(2, 2)}
    assert logit_meaning(Net(F.binary_cross_entropy_with_logits, 2), inputs) is L
    assert logit_meaning(Net(F.mse_loss, 2), inputs) is V
    assert logit_meaning(nn.Identity(), inputs) is C


class Picture(nn.Module):
    """Logits (batch, n, height, width), and a loss."""

    def __init__(self, loss, num_outputs: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.loss = nn.Conv2d(1, num_outputs, 3, padding=1), loss

    def forward(self, images, labels=None):
        logits = self.layer(images)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.loss(logits, labels)}


def dice(logits, labels):
    chances = logits.sigmoid()
    both = (chances * labels).sum()
    return 1 - (2 * both + 1) / (chances.sum() + labels.sum() + 1)


@pytest.mark.parametrize(
    ("loss", "meaning"),
    [
        (F.mse_loss, V),
        (F.l1_loss, V),
        (F.huber_loss, V),
        (F.cross_entropy, C),
        (F.binary_cross_entropy_with_logits, C),
        (dice, C),
        (lambda x, y: F.binary_cross_entropy_with_logits(x, y) + dice(x, y), C),
    ],
)
@pytest.mark.parametrize("num_outputs", [1, 3])
def test_pixels_are_values_where_the_loss_is_a_distance(loss, meaning, num_outputs):
    model = Picture(loss, num_outputs)
    assert logit_meaning(model, {"images": torch.rand(2, 1, 8, 8)}) is meaning
