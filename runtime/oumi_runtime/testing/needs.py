"""Conditions under which checks apply; each returns why it is not met, or ""."""

import inspect
from pathlib import Path
from typing import Any

from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.failures import NotApplicableError
from oumi_runtime.testing.measuring import output_name, outputs_of


def labels(case: ModelCase) -> str:
    """Labels."""
    return "" if case.labels is not None else "the batch has no labels"


def class_labels(case: ModelCase) -> str:
    """Labels that are classes or tokens, of samples or of positions."""
    if reason := labels(case) or logits(case):
        return reason
    return "" if case.has_class_labels else "the labels are numbers"


def class_logits(case: ModelCase) -> str:
    """A logit for each class; where one stands for two, losses are as for numbers."""
    if reason := class_labels(case):
        return reason
    shape = outputs_of(case.model(), case.sample)["logits"].shape
    assert case.labels is not None
    is_one = shape[case.labels.ndim :] in ((), (1,))
    return "one logit stands for two classes" if is_one else ""


def logits(case: ModelCase) -> str:
    """An output named `logits`."""
    outputs = outputs_of(case.model(), case.inputs(2))
    name = output_name(outputs)
    return "" if name == "logits" else f"the model returns {name}, no logits"


def steady(case: ModelCase) -> str:
    """Outputs that depend on the inputs alone, and not on the size of the batch."""
    return "forward draws random numbers in evaluation, too" if case.is_noisy else ""


def token_ids(case: ModelCase) -> str:
    """Token ids among the inputs."""
    return "" if case.tokens else "the inputs have no token ids"


def numbers(case: ModelCase) -> str:
    """Numbers among the inputs."""
    return "" if case.numbers else "the inputs have no numbers"


def masked_tokens(case: ModelCase) -> str:
    """Token ids with an attention mask among the inputs."""
    if any(tokens.mask for tokens in case.tokens):
        return ""
    return token_ids(case) or "the inputs have no attention_mask"


def optional_mask(case: ModelCase) -> str:
    """An attention mask that forward does not require."""
    if reason := masked_tokens(case):
        return reason
    parameters = inspect.signature(case.make_model_class.forward).parameters
    names = [tokens.mask or "" for tokens in case.tokens]
    masks = [parameters[name] for name in names if name in parameters]
    if not masks:
        return "forward takes no attention_mask"
    is_optional = any(mask.default is not mask.empty for mask in masks)
    return "" if is_optional else "forward requires its attention_mask"


def base_model(case: ModelCase) -> str:
    """A subclass of BaseModel."""
    name = case.make_model_class.__name__
    is_base_model = issubclass(case.make_model_class, BaseModel)
    return "" if is_base_model else f"{name} is not a subclass of BaseModel"


def constructor_arguments(case: ModelCase) -> str:
    """Constructor arguments that are numbers, and are known."""
    if reason := base_model(case):
        return reason
    numbers = [v for v in arguments_of(case).values() if isinstance(v, int | float)]
    return "" if numbers else "the constructor takes no numbers"


def arguments_of(case: ModelCase) -> dict[str, Any]:
    """Returns the constructor's arguments: the recorded ones, and missing numbers.

    Raises:
        NotApplicableError: None are recorded.
    """
    model = case.model()
    if not isinstance(model, BaseModel):
        raise NotApplicableError(base_model(case))
    parameters = inspect.signature(case.make_model_class).parameters.values()
    defaults = {p.name: p.default for p in parameters}
    numbers = {n: v for n, v in defaults.items() if isinstance(v, int | float)}
    return numbers | model.init_kwargs


def decoder_ids(case: ModelCase) -> str:
    """A decoder that reads the labels or their replacement."""
    takes = (
        "decoder_input_ids"
        in inspect.signature(case.make_model_class.forward).parameters
    )
    return "" if takes and case.is_teacher_forced else "no decoder reads the labels"


def dropout_arguments(case: ModelCase) -> str:
    """Constructor arguments that are dropout probabilities."""
    if reason := base_model(case):
        return reason
    return "" if dropouts_of(case.model()) else "the constructor takes no dropout"


def dropouts_of(model: nn.Module) -> list[str]:
    """Returns the names of the arguments that are dropout probabilities."""
    arguments: dict[str, Any] = getattr(model, "init_kwargs", {})
    return [
        name
        for name, value in arguments.items()
        if "drop" in name and isinstance(value, int | float)
    ]


def source_file(case: ModelCase) -> Path | None:
    """The file that defines the model's class."""
    try:
        return Path(inspect.getfile(case.make_model_class))
    except (OSError, TypeError):
        return None
