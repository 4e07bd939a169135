{% if cookiecutter.task == "text-classification" %}
            "text": sample["text"],
            "label": sample["label"],
{% elif cookiecutter.task == "token-classification" %}
            "tokens": sample["tokens"],
            "labels": sample["labels"],
{% elif cookiecutter.task == "causal-lm" %}
            "text": sample["text"],
{% elif cookiecutter.task == "image-classification" %}
            "images": torch.as_tensor(sample["images"], dtype=torch.float32),
            "labels": torch.as_tensor(sample["labels"], dtype=torch.int64),
{% elif cookiecutter.task == "tabular-classification" %}
            "features": torch.as_tensor(sample["features"], dtype=torch.float32),
            "labels": torch.as_tensor(sample["labels"], dtype=torch.int64),
{% elif cookiecutter.task == "tabular-regression" %}
            "features": torch.as_tensor(sample["features"], dtype=torch.float32),
            "labels": torch.as_tensor(sample["labels"], dtype=torch.float32),
{% else %}
            "text": sample["text"],
            "target": sample["target"],
{% endif %}
