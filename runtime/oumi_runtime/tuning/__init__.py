"""Searches for the best values of a config, by training with many."""

from oumi_runtime.tuning.parameters import SearchedKey, searched_key
from oumi_runtime.tuning.search import TunedTrial, TuneResult, tune

__all__ = ["SearchedKey", "TuneResult", "TunedTrial", "searched_key", "tune"]
