"""Which of the Auto classes of transformers a model is loaded by."""

import inspect
from enum import StrEnum

import torch

from oumi_runtime.core.configs import DatasetSplit
from oumi_runtime.core.datasets import PlainTexts, TaggedTexts
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.export.inference import Outputs
from oumi_runtime.export.opening import TrainedRun


class AutoClass(StrEnum):
    """The Auto classes, and the head that a class of each is named after."""

    MODEL = "AutoModel"
    CAUSAL_LM = "AutoModelForCausalLM"
    SEQ2SEQ = "AutoModelForSeq2SeqLM"
    TEXTS = "AutoModelForSequenceClassification"
    TOKENS = "AutoModelForTokenClassification"
    IMAGES = "AutoModelForImageClassification"

    @property
    def head(self) -> str:
        """Such as ForCausalLM; empty for a model in general."""
        return self.removeprefix("AutoModel")


def auto_class_of(run: TrainedRun, outputs: Outputs) -> AutoClass:
    """Returns the class that fits a model's inputs, its data and its outputs.

    Args:
        run: The model and its config.
        outputs: What it returns for a batch.
    """
    parameters = inspect.signature(run.model.forward).parameters
    logits = outputs.get("logits")
    if logits is None:
        return AutoClass.MODEL
    if "decoder_input_ids" in parameters:
        return AutoClass.SEQ2SEQ
    if "input_ids" in parameters:
        return _of_texts(run, logits)
    if "images" in parameters and logits.ndim == 2:
        return AutoClass.IMAGES
    return AutoClass.MODEL


def _of_texts(run: TrainedRun, logits: torch.Tensor) -> AutoClass:
    if logits.ndim == 2:
        return AutoClass.TEXTS
    if logits.ndim != 3:
        return AutoClass.MODEL
    for base, found in (
        (PlainTexts, AutoClass.CAUSAL_LM),
        (TaggedTexts, AutoClass.TOKENS),
    ):
        if any(issubclass(each, base) for each in _datasets_of(run)):
            return found
    names = run.preprocessing.label_names
    return AutoClass.CAUSAL_LM if names is None else AutoClass.TOKENS


def _datasets_of(run: TrainedRun) -> list[type]:
    datasets = run.config.data.get_split(DatasetSplit.TRAIN).datasets
    found = [REGISTRY.get_dataset(each.dataset_name, each.subset) for each in datasets]
    return [each for each in found if inspect.isclass(each)]
