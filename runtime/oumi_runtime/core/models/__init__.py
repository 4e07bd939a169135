"""The base class of every model."""

from oumi_runtime.core.models.base_model import BaseModel

__all__ = ["BaseModel"]
