"""Checks that what the docstrings say is what comes out."""

import re

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.documented import (
    documented_inputs,
    documented_outputs,
    known_sizes,
    mismatch,
    says_weights_are_tied,
)
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import listing, outputs_of

_DTYPES = {"float": ("float32", "float64"), "bool": ("bool",)}


@check()
def check_docstring_tells_the_shapes(case: ModelCase) -> None:
    """Catches a docstring that no longer says what forward takes and returns.

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
            f"forward returns {listing(unsaid)}, of which the docstring says nothing"
        )


@check()
def check_weights_said_to_be_tied_are(case: ModelCase) -> None:
    """Catches weights that the docstrings call tied, and that are two.

    For example an output layer that was to share the embedding's weights, whose
    assignment went lost: the model is larger, and learns worse.

    If it fails, look for `self.head.weight = self.embedding.weight`.
    """
    if not says_weights_are_tied(case):
        raise NotApplicableError("no docstring says that weights are tied")
    model = case.model()
    names = [name for name, _ in model.named_parameters(remove_duplicate=False)]
    if len(names) == len(list(model.parameters())):
        raise CheckFailedError(
            "the docstring says that weights are tied, but every parameter is its own: "
            "is `head.weight = embedding.weight` gone?"
        )
