def test_every_parameter_gets_a_finite_gradient() -> None:
    """The loss is a scalar that depends on every parameter."""
    model = make_model()
    loss = model(**make_batch(16))["loss"]
    assert loss.shape == ()
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_loaded_model_computes_the_same_as_the_saved_one(tmp_path: Path) -> None:
    """Weights and constructor arguments survive saving and loading."""
    model = make_model().eval()
    model.save_pretrained(tmp_path)
    loaded = type(model).from_pretrained(tmp_path).eval()
    batch = make_batch(4)
    assert torch.equal(loaded(**batch)["logits"], model(**batch)["logits"])
