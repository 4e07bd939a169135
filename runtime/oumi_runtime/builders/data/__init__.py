"""The splits of the data: read, combined, packed, and prepared for a model."""

from oumi_runtime.builders.data.datasets import build_dataset, build_dataset_mixture

__all__ = ["build_dataset", "build_dataset_mixture"]
