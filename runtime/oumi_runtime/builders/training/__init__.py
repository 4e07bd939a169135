"""The trainer of a config, and what it trains with."""

from oumi_runtime.builders.training.trainers import build_trainer

__all__ = ["build_trainer"]
