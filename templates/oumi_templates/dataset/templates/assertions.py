{% if cookiecutter.task == "text-classification" %}
    assert sorted(sample) == ["label", "text"]
    assert isinstance(sample["text"], str)
{% elif cookiecutter.task == "token-classification" %}
    assert sorted(sample) == ["labels", "tokens"]
    assert len(sample["tokens"]) == len(sample["labels"])
{% elif cookiecutter.task == "causal-lm" %}
    assert sorted(sample) == ["text"]
    assert isinstance(sample["text"], str)
{% elif cookiecutter.task == "image-classification" %}
    assert sorted(sample) == ["images", "labels"]
    assert sample["images"].shape == (1, 8, 8)
    assert sample["images"].dtype == torch.float32
    assert sample["images"].min() >= 0
    assert sample["images"].max() <= 1
{% elif cookiecutter.task.startswith("tabular") %}
    assert sorted(sample) == ["features", "labels"]
    assert sample["features"].shape == ({{ 64 if cookiecutter.task == "tabular-classification" else 12 }},)
    assert sample["features"].dtype == torch.float32
{% else %}
    assert sorted(sample) == ["target", "text"]
    assert isinstance(sample["text"], str)
    assert isinstance(sample["target"], str)
{% endif %}
