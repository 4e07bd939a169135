"""MLPEncoder: Oumi's signature and weights, the page's test, and an honest mask."""

import inspect

import pytest
import torch

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.models import MLPEncoder


def test_mlp_encoder_forward():
    """The test of the page on custom models, as printed."""
    # Initialize model
    model = MLPEncoder(input_dim=100, hidden_dim=32, output_dim=10)

    # Create dummy inputs
    batch_size, seq_len = 16, 8
    input_ids = torch.randint(0, 100, (batch_size, seq_len))
    labels = torch.randint(0, 10, (batch_size,))

    # Test forward pass without labels
    outputs = model(input_ids=input_ids)
    assert "logits" in outputs
    assert outputs["logits"].shape == (batch_size, 10)

    # Test forward pass with labels
    outputs = model(input_ids=input_ids, labels=labels)
    assert "loss" in outputs
    assert outputs["loss"].shape == ()


def test_weights_have_oumis_names_and_shapes():
    model = MLPEncoder(input_dim=7, hidden_dim=3, output_dim=2)
    assert {name: tuple(x.shape) for name, x in model.state_dict().items()} == {
        "embedding.weight": (7, 3),
        "fc1.weight": (3, 3),
        "fc1.bias": (3,),
        "fc2.weight": (2, 3),
        "fc2.bias": (2,),
    }


def test_the_constructor_is_oumis():
    parameters = inspect.signature(MLPEncoder).parameters.values()
    assert {p.name: p.default for p in parameters} == {
        "input_dim": 768,
        "hidden_dim": 128,
        "output_dim": 10,
    }
    assert REGISTRY.get_model("mlpencoder") is MLPEncoder


def test_without_a_mask_every_token_counts():
    model = MLPEncoder(20, 8, 3)
    ids = torch.randint(0, 20, (4, 6))
    without, full = model(ids), model(ids, attention_mask=torch.ones_like(ids))
    assert torch.allclose(without["logits"], full["logits"], atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
def test_padding_does_not_count(dtype):
    model = MLPEncoder(20, 8, 3)
    ids = torch.randint(0, 20, (1, 6))
    mask = torch.tensor([[1, 1, 1, 1, 0, 0]]).to(dtype)
    padded = model(ids, attention_mask=mask)["logits"]
    assert torch.allclose(padded, model(ids[:, :4])["logits"], atol=1e-6)


def test_a_row_of_padding_alone_is_finite():
    model = MLPEncoder(20, 8, 3)
    ids = torch.zeros(2, 4, dtype=torch.int64)
    mask = torch.tensor([[0, 0, 0, 0], [1, 0, 0, 0]])
    outputs = model(ids, torch.tensor([0, 1]), mask)
    assert outputs["logits"][0].equal(model.fc2.bias)
    outputs["loss"].backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_the_loss_is_the_criterion_of_the_logits_and_labels():
    model = MLPEncoder(20, 8, 3)
    ids, labels = torch.randint(0, 20, (5, 4)), torch.tensor([0, 2, 1, 1, 0])
    outputs = model(ids, labels)
    expected = model.criterion(outputs["logits"], labels)
    assert outputs["loss"].item() == pytest.approx(expected.item(), rel=1e-6)


def test_a_sample_labelled_minus_one_is_left_out():
    model = MLPEncoder(20, 8, 3)
    ids = torch.randint(0, 20, (3, 4))
    some = model(ids, torch.tensor([0, -1, 2]))["loss"]
    others = model(ids[[0, 2]], torch.tensor([0, 2]))["loss"]
    assert some.item() == pytest.approx(others.item(), rel=1e-6)


def test_a_batch_of_left_out_samples_teaches_nothing():
    model = MLPEncoder(20, 8, 3)
    loss = model(torch.randint(0, 20, (3, 4)), torch.full((3,), -1))["loss"]
    loss.backward()
    assert loss.item() == 0.0
    assert not any(parameter.grad.any() for parameter in model.parameters())


def test_other_columns_of_a_tokenizer_are_ignored():
    model = MLPEncoder(20, 8, 3)
    ids = torch.randint(0, 20, (3, 4))
    logits = model(ids, token_type_ids=torch.ones_like(ids))["logits"]
    assert logits.equal(model(ids)["logits"])


def test_a_token_id_out_of_range_is_an_index_error():
    with pytest.raises(IndexError):
        MLPEncoder(20, 8, 3)(torch.tensor([[20]]))
