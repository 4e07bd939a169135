"""A scaler changes nothing until it is fitted, and is saved with the model."""

from pathlib import Path

import pytest
import torch
from tiny_models import Tiny

from oumi_runtime.core.models import StandardScaler


def test_an_unfitted_scaler_changes_nothing():
    scaler, values = StandardScaler("features", 3), torch.randn(4, 3)
    assert not scaler.is_fitted
    assert torch.equal(scaler(values), values)
    assert torch.equal(scaler.inverse(values), values)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_a_fitted_scaler_gives_mean_0_and_standard_deviation_1(dtype: torch.dtype):
    scaler = StandardScaler("features", 3)
    values = (torch.randn(500, 3) * 300 + torch.tensor([4e3, -7.0, 1e6])).to(dtype)
    scaler.fit(values)
    assert scaler.is_fitted
    assert scaler.mean.dtype is torch.float32
    scaled = scaler(values.float())
    torch.testing.assert_close(scaled.mean(dim=0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled.std(dim=0), torch.ones(3), atol=1e-2, rtol=0)
    torch.testing.assert_close(scaler.inverse(scaled), values.float())


def test_one_number_per_sample_keeps_its_shape():
    scaler = StandardScaler("labels")
    scaler.fit(torch.tensor([1.0, 3.0]))
    assert scaler(torch.tensor([1.0, 3.0, 5.0])).tolist() == [-1.0, 1.0, 3.0]
    assert scaler.inverse(torch.tensor([-1.0, 1.0])).tolist() == [1.0, 3.0]


def test_a_feature_that_never_changes_is_only_shifted():
    scaler = StandardScaler("features", 2)
    scaler.fit(torch.tensor([[7.0, 1.0], [7.0, 3.0]]))
    assert scaler(torch.tensor([[7.0, 1.0], [8.0, 3.0]])).tolist() == [[0, -1], [1, 1]]


def test_what_it_was_fitted_to_is_saved_with_the_weights(tmp_path: Path):
    class Scaled(Tiny):
        def __init__(self) -> None:
            super().__init__()
            self.scaler = StandardScaler("features", 2)

    model = Scaled()
    model.scaler.fit(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    model.save_pretrained(tmp_path)
    loaded = Scaled.from_pretrained(tmp_path)
    assert loaded.scaler.mean.tolist() == [2.0, 20.0]
    assert loaded.scaler.std.tolist() == [1.0, 10.0]
