"""The model of a config: made or loaded, changed for a training, and distributed."""

from oumi_runtime.builders.models.building import (
    build_huggingface_model,
    build_model,
    build_oumi_model,
)

__all__ = ["build_huggingface_model", "build_model", "build_oumi_model"]
