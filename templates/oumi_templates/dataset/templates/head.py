from collections.abc import {{ "Mapping" if cookiecutter.kind == "map" else "Iterator, Mapping" }}
from typing import Any

{% if cookiecutter.__has_tensors == "True" %}
import torch
{% endif %}
from oumi_runtime.core.datasets import {{ "BaseMapDataset" if cookiecutter.kind == "map" else "BaseIterableDataset" }}
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets import {{ cookiecutter.__source }}


@register_dataset({{ cookiecutter.module_name | literal }})
class {{ cookiecutter.dataset_class | identifier }}({{ "BaseMapDataset" if cookiecutter.kind == "map" else "BaseIterableDataset" }}):
    """{% include "summary.txt" %}"""
