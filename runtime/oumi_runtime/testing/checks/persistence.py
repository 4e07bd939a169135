"""Checks of what is saved, loaded, copied and called with other weights."""

import copy
import pickle
import sys
import tempfile

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.exceptions import SavedModelError
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, described
from oumi_runtime.testing.measuring import (
    compute_gradients,
    listing,
    logits_of,
    loss_of,
    output_name,
    perturbed,
    require_equal,
    strays,
)


@check()
def check_saved_model_is_the_same(case: ModelCase) -> None:
    """Catches what is lost on the way through `save_pretrained`.

    For example a constructor argument that JSON cannot hold, a tensor that is not
    registered, or weights that were tied and come back as two.

    If it fails, look at the named attribute, and at whether the constructor changes its
    arguments before it uses them.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    if not isinstance(model, BaseModel):
        raise CheckFailedError(f"{type(model).__name__} is not a subclass of BaseModel")
    before = logits_of(model, inputs)
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
            loaded = type(model).from_pretrained(folder).eval()
        except SavedModelError as error:
            raise CheckFailedError(str(error)) from error
    lost = strays(model, (torch.Tensor, nn.Module))
    where = f"{listing(lost)} is" if lost else "is a tensor"
    require_equal(
        before,
        logits_of(loaded, inputs),
        f"the logits differ after save_pretrained and from_pretrained: {where} neither "
        "a parameter nor a buffer, or does the constructor change its arguments?",
    )
    if _ties(model) != _ties(loaded):
        raise CheckFailedError(
            "weights that are one in the model are two in the loaded one, or the other "
            "way round: are they tied in the constructor?"
        )


@check()
def check_state_dict_holds_everything(case: ModelCase) -> None:
    """Catches a model that its state dict does not describe.

    For example a scale drawn at random in the constructor and kept as a float: the
    weights of one model make another one of the same class compute something else.

    If it fails, look for what the constructor draws, counts or reads besides parameters
    and buffers.
    """
    model, inputs = perturbed(case.model(seed=0)), case.inputs()
    other = case.model(seed=5)
    try:
        other.load_state_dict(model.state_dict())
    except RuntimeError as error:
        raise CheckFailedError(
            "a second model does not take the state dict of the first: "
            f"{' '.join(str(error).split())}"
        ) from error
    require_equal(
        logits_of(model, inputs),
        logits_of(other, inputs),
        "a second model with the same state dict computes something else: is there a "
        "random number, or a tensor, that is neither a parameter nor a buffer?",
    )


@check()
def check_copies_are_whole_and_separate(case: ModelCase) -> None:
    """Catches a model that cannot be copied, or whose copy shares something with it.

    For example activations that forward keeps as an attribute (they also hold memory),
    a lambda as an attribute, or a function bound to the first model's weights.

    If it fails, keep nothing of a forward in `self`, and use `def` or a module in place
    of a lambda.
    """
    model, batch = perturbed(case.model(training=True)), case.batch()
    compute_gradients(loss_of(model, batch))
    model.zero_grad()
    try:
        copies = {"copy.deepcopy": copy.deepcopy(model)}
        if _can_be_found(type(model)):
            copies["pickle"] = pickle.loads(pickle.dumps(model))
    except (RuntimeError, TypeError, AttributeError, pickle.PicklingError) as error:
        raise CheckFailedError(
            f"after a forward the model cannot be copied: {described(error)}; does "
            "forward keep a tensor as an attribute, or is one a lambda?"
        ) from error
    inputs = case.inputs()
    model.eval()
    before = logits_of(model, inputs)
    for name, other in copies.items():
        other.eval()
        require_equal(
            before, logits_of(other, inputs), f"{name} computes another output"
        )
        perturbed(other, 0.5)
        if logits_of(other, inputs).equal(before):
            raise CheckFailedError(
                f"new weights in what {name} gives do not change its output: does it "
                "still use the weights of the first model?"
            )
        require_equal(
            before,
            logits_of(model, inputs),
            f"new weights in what {name} gives change the first model too",
        )


@check()
def check_given_weights_are_used(case: ModelCase) -> None:
    """Catches a forward that reaches for weights by another way than the module's own.

    For example a weight kept in a list or a closure, which
    `torch.func.functional_call`, FSDP and every wrapper that swaps weights would miss.

    If it fails, use `self.layer.weight` in forward, and keep no second reference.
    """
    model, inputs = case.model(), case.inputs()
    other = perturbed(case.model(seed=3), 0.1)
    expected = logits_of(other, inputs)
    logits_of(model, inputs)  # What a first forward keeps, a second one may use.
    weights = dict(other.named_parameters()) | dict(other.named_buffers())
    with torch.no_grad():
        found = torch.func.functional_call(model, weights, (), inputs)
    require_equal(
        expected,
        found[output_name(found)],
        "torch.func.functional_call with other weights does not compute with them: "
        "does forward use a weight that is kept elsewhere?",
    )


def _can_be_found(own: type) -> bool:
    """Whether pickle finds the class: one that is made in a function, it does not."""
    module = sys.modules.get(own.__module__)
    return getattr(module, own.__qualname__, None) is own


def _ties(model: nn.Module) -> list[list[str]]:
    """The names of parameters that are one tensor."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [group for group in names.values() if len(group) > 1]
