"""A tabular classifier: predicts the class of each row from its features."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel, StandardScaler
from torch import nn
from torch.nn import functional as F


@registry.register({{ cookiecutter.model_name | literal }}, registry.RegistryType.MODEL)
class {{ cookiecutter.model_name | identifier }}(BaseModel):
