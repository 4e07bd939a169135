"""The base class of every model, and a layer that is fitted to the training data."""

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.standard_scaler import StandardScaler

__all__ = ["BaseModel", "StandardScaler"]
