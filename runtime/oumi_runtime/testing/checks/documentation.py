"""Checks that the model does what its docstrings say."""

import re
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.docstrings import (
    documented_inputs,
    documented_outputs,
    documented_reach,
    known_sizes,
    mismatch,
    says_input_is_added,
    says_length_is_one,
    says_weights_are_tied,
)
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    compute_gradients,
    listing,
    loss_of,
    other_tokens,
    outputs_of,
    perturbed,
)
from oumi_runtime.testing.needs import token_ids

_LONGEST_REACH = 512

_DTYPES = {"float": ("float32", "float64"), "bool": ("bool",)}


@check()
def check_docstring_tells_the_shapes(case: ModelCase) -> None:
    """Catches a docstring that does not match forward's arguments and results.

    For example `logits` (batch, num_classes) where they are (batch, sequence,
    num_classes); a constructor argument `num_classes` of which the layer makes one
    more; or an output that the docstring does not name.

    If it fails, either the docstring or the code is wrong: the message has both shapes.
    """
    inputs, outputs = documented_inputs(case), documented_outputs(case)
    if not inputs and not outputs:
        raise NotApplicableError("forward's docstring tells no shape")
    batch = case.batch(3)
    sizes = {**known_sizes(case), "batch": 3, "batch_size": 3}
    computed = outputs_of(case.model(), batch)
    for what, documented, columns in (
        ("takes", inputs, batch),
        ("returns", outputs, computed),
    ):
        for each in documented:
            column = columns.get(each.name)
            if column is None:
                continue
            wrong = mismatch(each, column, sizes)
            if wrong:
                raise CheckFailedError(f"forward {what} {each.name} {wrong}")
            dtype = str(column.dtype).removeprefix("torch.")
            allowed = _DTYPES.get(each.dtype or "", (each.dtype,))
            if each.dtype and dtype not in allowed:
                raise CheckFailedError(
                    f"forward {what} {each.name} as {each.dtype} in the docstring, but "
                    f"it is {dtype}"
                )
    for each in outputs:
        if each.name not in computed:
            raise CheckFailedError(
                f"the docstring promises {each.name}, but forward returns "
                f"{', '.join(computed)}"
            )
    said = case.make_model_class.forward.__doc__ or ""
    unsaid = [name for name in computed if not re.search(rf"\b{name}\b", said)]
    if outputs and unsaid:
        raise CheckFailedError(
            f"forward returns {listing(unsaid)}, which the docstring does not mention"
        )


@check()
def check_length_of_embeddings_is_as_said(case: ModelCase) -> None:
    """Catches embeddings that should have length 1, but do not.

    For example a missing `F.normalize`, or one over the batch: comparing embeddings by
    their dot product then prefers long ones. If one half of a pair has length 1, the
    other should too.

    If it fails, normalise over the last dimension.
    """
    outputs = outputs_of(perturbed(case.model()), case.batch())
    said = {
        name: "the docstring says 1"
        for name in outputs
        if says_length_is_one(case, name)
    }
    pair = [name for name in outputs if name in ("embeddings", "target_embeddings")]
    normal = [name for name in pair if _is_normal(outputs[name])]
    if len(pair) == 2 and normal:
        said |= dict.fromkeys(pair, f"those of {normal[0]} are 1")
    if not said:
        raise NotApplicableError("nothing says that an output is of length 1")
    for name, why in said.items():
        norms = outputs[name].detach().norm(dim=-1)
        if not _is_normal(outputs[name]):
            raise CheckFailedError(
                f"{name} have lengths of {norms.min():.3g} to {norms.max():.3g}, "
                f"although {why}: is a normalize missing?"
            )


def _is_normal(vectors: torch.Tensor) -> bool:
    norms = vectors.detach().norm(dim=-1)
    return torch.allclose(norms, torch.ones_like(norms), atol=1e-3)


@check()
def check_layers_keep_their_input_as_said(case: ModelCase) -> None:
    """Catches a missing residual connection that a docstring describes.

    For example `return y` instead of `return x + y` in a layer that is "added to its
    input". With weights of zero, such a layer has to return its input. If the model's
    docstring says so, this applies to the layers in its lists.

    If it fails, look for the sums in the layer's forward.
    """
    probe = Probe(case)
    layers = [
        (name, module)
        for name, module in probe.model.named_modules()
        if name and says_input_is_added(type(module))
    ]
    if not layers and not says_input_is_added(case.make_model_class):
        raise NotApplicableError("no layer says that its input is added")
    for name, layer in layers:
        with torch.no_grad():
            for module in layer.modules():
                if isinstance(module, (nn.Linear, *CONVOLUTIONS)):
                    for parameter in module.parameters():
                        parameter.zero_()
        given: list[Any] = []
        handle = layer.register_forward_hook(
            lambda module, args, output, given=given: given.append((args[0], output))
        )
        probe(probe.inputs)
        handle.remove()
        if any(torch.is_tensor(y) and not y.any() and x.any() for x, y in given):
            raise CheckFailedError(
                f"the docstring of {name} says that its input is added, but with "
                "weights of zero nothing is left of it: is a residual connection "
                "missing?"
            )
    if says_input_is_added(case.make_model_class):
        _require_way_around_lists(case)


def _require_way_around_lists(case: ModelCase) -> None:
    """Fails if no residual connection bypasses the layers of the model's lists."""
    probe = Probe(case)
    lists = [m for m in probe.model.children() if isinstance(m, nn.ModuleList)]
    with torch.no_grad():
        for module in (m for each in lists for m in each.modules()):
            if isinstance(module, (nn.Linear, *CONVOLUTIONS)):
                for parameter in module.parameters():
                    parameter.zero_()
    others = Probe(case, seed=1).inputs
    usual, found = probe(probe.inputs), probe(others)
    if lists and not probe.differs(usual, found).any():
        raise CheckFailedError(
            "the docstring says that layers are added to their input, but with weights "
            "of zero nothing is left of it: is a residual connection missing?"
        )


@check(needs=[token_ids])
def check_as_many_tokens_are_seen_as_said(case: ModelCase) -> None:
    """Catches a next-token model that sees fewer tokens than its docstring says.

    For example convolutions that "see 2 ** (n + 1) - 1 tokens", according to the
    docstring of `num_layers`, but lack the dilation: they see 2 * n + 1.

    If it fails, look at the dilation, the size and the padding of the convolutions.
    """
    said = documented_reach(case)
    if said is None or case.label_shift is None:
        raise NotApplicableError("no docstring says how many tokens are seen")
    sentence, reach = said
    if not 0 < reach <= _LONGEST_REACH:
        raise NotApplicableError(f"{reach} tokens are not tried")
    probe, ids = Probe(case), case.tokens[0].ids
    usual = probe.inputs[ids]
    places = torch.arange(reach + 2) % usual.shape[1]
    inputs = {
        name: column[:, places] if column.shape[:2] == usual.shape else column
        for name, column in probe.inputs.items()
    }
    if (mask := case.tokens[0].mask) is not None:
        inputs[mask] = torch.ones_like(inputs[mask])
    expected = probe(inputs)
    for back, is_seen in ((reach, True), (reach + 1, False)):
        changed = inputs[ids].clone()
        changed[:, -back] = other_tokens(changed)[:, -back]
        found = probe({**inputs, ids: changed})
        if bool(probe.differs(expected, found)[:, -1].any()) != is_seen:
            raise CheckFailedError(
                f"the docstring says {sentence!r}, which is {reach}, but the last "
                f"output {'does not change' if is_seen else 'changes'} with the token "
                f"{back - 1} positions before it: is a dilation or a size different?"
            )


@check()
def check_weights_said_to_be_tied_are(case: ModelCase) -> None:
    """Catches weights that the docstrings call tied, but that are not.

    For example an output layer that should share the embedding's weights, but lacks the
    assignment: the model is larger, and learns worse.

    If it fails, look for `self.head.weight = self.embedding.weight`.
    """
    if not says_weights_are_tied(case):
        raise NotApplicableError("no docstring says that weights are tied")
    model = case.model()
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    are_shared = len(names) > len(list(model.parameters()))
    if not are_shared and not _are_tied_by_use(case, model):
        raise CheckFailedError(
            "the docstring says that weights are tied, but no parameter is shared: is "
            "`head.weight = embedding.weight` missing?"
        )


def _are_tied_by_use(case: ModelCase, model: nn.Module) -> bool:
    """Whether an embedding is read by more than looking ids up, as by `F.linear`.

    Looking up trains only the rows that are looked up.
    """
    looked_up: dict[nn.Embedding, list[torch.Tensor]] = {}
    tables = [each for each in model.modules() if isinstance(each, nn.Embedding)]

    def note(table: nn.Embedding, args: tuple[torch.Tensor, ...]) -> None:
        looked_up.setdefault(table, []).append(args[0].flatten())

    for table in tables:
        table.register_forward_pre_hook(note)
    compute_gradients(loss_of(model, case.batch()))
    for table, ids in looked_up.items():
        if table.weight.grad is not None:
            trained = table.weight.grad.ne(0).any(1).nonzero().flatten()
            if not torch.isin(trained, torch.cat(ids)).all():
                return True
    return False
