"""An image classifier: predicts the class of each image."""

from collections.abc import Callable
from typing import Any

import torch
from {{ cookiecutter.__package | identifier }}.core import registry
from {{ cookiecutter.__package | identifier }}.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register({{ cookiecutter.model_name | literal }}, registry.RegistryType.MODEL)
class {{ cookiecutter.model_name | identifier }}(BaseModel):
