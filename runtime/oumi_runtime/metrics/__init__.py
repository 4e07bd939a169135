"""The built-in metrics functions; importing this package registers them."""

from oumi_runtime.metrics.classification import classification

__all__ = ["classification"]
