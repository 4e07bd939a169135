"""The built-in models; importing this package registers them."""

from oumi_runtime.models.cnn_classifier import CNNClassifier
from oumi_runtime.models.mlp import MLPEncoder

__all__ = ["CNNClassifier", "MLPEncoder"]
