"""A layer that standardizes a column of the training data.

Fitting it to the data of a run is up to `oumi_runtime.builders`.
"""

import torch
from torch import nn


class StandardScaler(nn.Module):
    """Scales a column of a batch to mean 0 and standard deviation 1.

    A training run fits it to its training split before the first step. Until then it
    changes nothing. What it was fitted to is saved with the weights.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, column: str, num_features: int = 1) -> None:
        """Creates the layer.

        Args:
            column: The column to fit it to, such as features or labels.
            num_features: The size of the column's last dimension; 1 if it has one
                number per sample.
        """
        super().__init__()
        self.column = column
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("std", torch.ones(num_features))

    @property
    def is_fitted(self) -> bool:
        """Whether it changes anything."""
        return bool(self.mean.any() or (self.std != 1).any())

    def fit(self, values: torch.Tensor) -> None:
        """Measures the mean and the standard deviation of each feature.

        A feature whose values are all equal is only shifted.

        Args:
            values: (samples, num_features), or (samples,) for one feature; finite.
        """
        values = values.detach().double().reshape(-1, self.mean.shape[0])
        std, mean = torch.std_mean(values, dim=0, correction=0)
        self.mean.copy_(mean)
        self.std.copy_(std.masked_fill(std == 0, 1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Standardizes (..., num_features), or any shape if there is one feature."""
        return (values - self.mean) / self.std

    def inverse(self, values: torch.Tensor) -> torch.Tensor:
        """Undoes `forward`."""
        return values * self.std + self.mean

    def extra_repr(self) -> str:
        """Describes the layer."""
        return f"{self.column!r}, num_features={self.mean.shape[0]}"
