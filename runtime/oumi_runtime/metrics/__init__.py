"""The built-in metrics functions; importing this package registers them."""

from oumi_runtime.metrics.classification import Classification
from oumi_runtime.metrics.language_modeling import LanguageModeling
from oumi_runtime.metrics.multilabel_classification import MultilabelClassification
from oumi_runtime.metrics.regression import regression
from oumi_runtime.metrics.retrieval import Retrieval
from oumi_runtime.metrics.text_generation import TextGeneration

__all__ = [
    "Classification",
    "LanguageModeling",
    "MultilabelClassification",
    "Retrieval",
    "TextGeneration",
    "regression",
]
