"""A text encoder: gives matching texts similar embeddings."""

from collections.abc import Callable{{ ", Sequence" if cookiecutter.__wrap and cookiecutter.__wrap.has_sequence else "" }}
from typing import Any{{ ", Literal" if cookiecutter.__wrap and cookiecutter.__wrap.has_choice else "" }}

import torch
{% if cookiecutter.__wrap and cookiecutter.__wrap.place == "first" %}
{% include "wrap_import.py" %}
{% endif %}
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
{% if cookiecutter.__wrap and cookiecutter.__wrap.place == "middle" %}
{% include "wrap_import.py" %}
{% endif %}
{% if not cookiecutter.__wrap %}
from torch import nn
{% endif %}
from torch.nn import functional as F
{% if cookiecutter.__wrap and cookiecutter.__wrap.place == "last" %}
{% include "wrap_import.py" %}
{% endif %}
{% if cookiecutter.__wrap and cookiecutter.__wrap.place == "own" %}

{% include "wrap_import.py" %}
{% endif %}


@registry.register({{ cookiecutter.model_name | literal }}, registry.RegistryType.MODEL)
class {{ cookiecutter.model_name | identifier }}(BaseModel):
