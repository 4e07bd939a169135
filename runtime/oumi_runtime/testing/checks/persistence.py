"""Checks of saving, loading, copying, and calling with other weights."""

import copy
import pickle
import sys
import tempfile

import torch
from torch import nn
from torch.nn.utils import parametrize

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.exceptions import SavedModelError
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, described
from oumi_runtime.testing.measuring import (
    compute_gradients,
    listing,
    loss_of,
    main_output_or_loss,
    perturbed,
    require_equal,
    result_of,
    strays,
)


@check()
def check_saved_model_is_the_same(case: ModelCase) -> None:
    """Catches state that `save_pretrained` and `from_pretrained` do not preserve.

    For example a constructor argument that JSON cannot represent, a tensor that is not
    registered, or tied weights that are no longer tied after loading.

    If it fails, look at the named attribute, and at whether the constructor changes its
    arguments before it uses them.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    if not isinstance(model, BaseModel):
        raise CheckFailedError(f"{type(model).__name__} is not a subclass of BaseModel")
    before = result_of(model, inputs)
    with tempfile.TemporaryDirectory() as folder:
        try:
            model.save_pretrained(folder)
            loaded = case.steadied(type(model).from_pretrained(folder).eval())
        except SavedModelError as error:
            raise CheckFailedError(str(error)) from error
    lost = strays(model, (torch.Tensor, nn.Module))
    where = f"{listing(lost)} is" if lost else "is a tensor"
    require_equal(
        before,
        result_of(loaded, inputs),
        f"the logits differ after save_pretrained and from_pretrained: {where} neither "
        "a parameter nor a buffer, or does the constructor change its arguments?",
    )
    if _ties(model) != _ties(loaded):
        raise CheckFailedError(
            "weights that are tied in the model are not tied in the loaded one, or the "
            "reverse: are they tied in the constructor?"
        )


@check()
def check_state_dict_holds_everything(case: ModelCase) -> None:
    """Catches a model whose state dict is not its complete state.

    For example a scale drawn at random in the constructor and stored as a float:
    another model of the same class then computes something else with the same weights.

    If it fails, look for values that the constructor draws, counts or reads, and that
    are neither parameters nor buffers.
    """
    model, inputs = perturbed(case.model(seed=0)), case.inputs()
    other = case.model(seed=5)
    try:
        other.load_state_dict(model.state_dict())
    except RuntimeError as error:
        raise CheckFailedError(
            "a second model cannot load the state dict of the first: "
            f"{' '.join(str(error).split())}"
        ) from error
    require_equal(
        result_of(model, inputs),
        result_of(other, inputs),
        "a second model with the same state dict computes something else: is there a "
        "random number, or a tensor, that is neither a parameter nor a buffer?",
    )


@check()
def check_copies_are_whole_and_separate(case: ModelCase) -> None:
    """Catches a model that cannot be copied, or whose copy shares state with it.

    For example activations that forward stores in an attribute (they also use memory),
    a lambda as an attribute, or a function bound to the first model's weights.

    If it fails, store nothing in `self` during forward, and use `def` or a module
    instead of a lambda.
    """
    model, batch = perturbed(case.model(training=True)), case.batch()
    compute_gradients(loss_of(model, batch))
    model.zero_grad()
    try:
        copies = {"copy.deepcopy": copy.deepcopy(model)}
        if _can_be_found(type(model)) and not _is_parametrized(model):
            copies["pickle"] = pickle.loads(pickle.dumps(model))
    except (RuntimeError, TypeError, AttributeError, pickle.PicklingError) as error:
        raise CheckFailedError(
            f"after a forward the model cannot be copied: {described(error)}; does "
            "forward store a tensor as an attribute, or is an attribute a lambda?"
        ) from error
    inputs = case.inputs()
    model.eval()
    before = result_of(model, inputs)
    for name, other in copies.items():
        other.eval()
        require_equal(
            before, result_of(other, inputs), f"{name} computes another output"
        )
        perturbed(other, 0.5)
        if result_of(other, inputs).equal(before):
            raise CheckFailedError(
                f"new weights in the result of {name} do not change its output: does "
                "it still use the weights of the first model?"
            )
        require_equal(
            before,
            result_of(model, inputs),
            f"new weights in the result of {name} change the first model too",
        )


@check()
def check_given_weights_are_used(case: ModelCase) -> None:
    """Catches a forward that does not access weights through the module.

    For example a weight stored in a list or a closure, which
    `torch.func.functional_call`, FSDP and other wrappers that swap weights would miss.

    If it fails, use `self.layer.weight` in forward, and store no second reference.
    """
    model, inputs = case.model(), case.inputs()
    other = perturbed(case.model(seed=3), 0.1)
    expected = result_of(other, inputs)
    result_of(model, inputs)  # A second forward may use what the first one stored.
    weights = dict(other.named_parameters()) | dict(other.named_buffers())
    with torch.no_grad():
        found = torch.func.functional_call(model, weights, (), inputs)
    require_equal(
        expected,
        main_output_or_loss(found, inputs),
        "torch.func.functional_call with other weights does not compute with them: "
        "does forward use a weight that is stored elsewhere?",
    )


def _can_be_found(own: type) -> bool:
    """Whether pickle can find the class, which must not be defined in a function."""
    module = sys.modules.get(own.__module__)
    return getattr(module, own.__qualname__, None) is own


def _is_parametrized(model: nn.Module) -> bool:
    """Whether weights are computed by torch, which refuses to pickle such modules."""
    return any(parametrize.is_parametrized(module) for module in model.modules())


def _ties(model: nn.Module) -> list[list[str]]:
    """Returns the names of parameters that share a tensor."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return [group for group in names.values() if len(group) > 1]
