"""Slow checks of torch.compile and torch.export."""

import contextlib
import inspect
import warnings
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import (
    compute_gradients,
    logits_of,
    loss_of,
    main_output,
    output_name,
    outputs_of,
    perturbed,
    require_equal,
)


@check(slow=True)
def check_compiled_model_computes_the_same(case: ModelCase) -> None:
    """Catches a model that computes something else under torch.compile.

    For example a custom backward, or a value from the first batch that is baked in.
    Loss, outputs and gradients are compared, compiled for training with PyTorch's own
    operations (backend aot_eager).

    If it fails, look for Python numbers that are computed from a tensor, and for state
    that forward keeps.
    """
    plain, model = perturbed(case.model()), perturbed(case.model())
    model.load_state_dict(plain.state_dict())
    compiled = _compiled(model, "aot_eager")
    with _torch_may_warn():
        for seed in (1, 2):
            batch = case.batch(4, seed)
            name = output_name(outputs_of(plain, batch))
            require_equal(
                outputs_of(plain, batch)[name],
                outputs_of(compiled, batch)[name],
                "torch.compile changes the output",
            )
        compute_gradients(loss_of(plain, batch))
        compute_gradients(loss_of(compiled, batch))
    for (name, one), other in zip(
        plain.named_parameters(), model.parameters(), strict=True
    ):
        if one.grad is not None and other.grad is not None:
            message = f"torch.compile changes the gradient of {name}"
            require_equal(one.grad, other.grad, message)


@check(slow=True)
def check_compiled_model_is_one_graph(case: ModelCase) -> None:
    """Catches graph breaks under torch.compile.

    For example a `print`, a `.item()`, or a branch on the value of a tensor: each graph
    break costs speed.

    If it fails, the message names the cause of the graph break.
    """
    model = case.model(training=True)
    # torch.compile runs them uncompiled, outside of its graphs.
    layers = (m for m in model.modules() if isinstance(m, nn.RNNBase))
    if recurrent := sorted({type(layer).__name__ for layer in layers}):
        names = ", ".join(recurrent)
        raise NotApplicableError(f"torch.compile leaves the graph at every {names}")
    torch.compiler.reset()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    try:
        with _torch_may_warn():
            compiled(**case.batch())
    except Exception as error:
        raise CheckFailedError(
            f"torch.compile cannot compile forward to one graph: {described(error)}"
        ) from error
    finally:
        torch.compiler.reset()


@check(slow=True)
def check_new_sizes_do_not_compile_again(case: ModelCase) -> None:
    """Catches a model that is recompiled for every length or batch size.

    For example a table that is sliced to `int(length)`, or a branch on the batch size.

    If it fails, look for sizes that are converted to Python numbers, compared, or used
    as keys.
    """
    torch.compiler.reset()
    model, inputs, counter = case.model(), case.inputs(4), _Counter()
    others = [b for b in _other_sizes(case, inputs) if _takes(model, b)]
    if not others:
        raise NotApplicableError("the model takes batches of one size")
    compiled = torch.compile(model, backend=counter, dynamic=True)
    try:
        with torch.no_grad(), _torch_may_warn():
            compiled(**inputs)
            graphs = counter.compiled
            for batch in others:
                compiled(**batch)
    finally:
        torch.compiler.reset()
    if counter.compiled > graphs:
        raise CheckFailedError(
            f"batches of {len(others)} other sizes made torch.compile recompile, "
            f"{counter.compiled} graphs instead of {graphs}: does forward branch on a "
            "size, or convert one to a number?"
        )


@check(slow=True)
def check_exported_model_computes_the_same(case: ModelCase) -> None:
    """Catches a model that torch.export cannot export with a dynamic batch size.

    For example `view(4, -1)`, or Python code that depends on values.

    If it fails, the message names the line that fixes the size, or that cannot be
    exported.
    """
    model, inputs = perturbed(case.model()), case.inputs(4)
    batch_size = torch.export.Dim("batch", min=2, max=64)
    shapes = {name: {0: batch_size} for name in inputs}
    try:
        with _torch_may_warn():
            program = torch.export.export(
                model, (), kwargs=inputs, dynamic_shapes=_placed(model, shapes)
            )
    except Exception as error:
        raise CheckFailedError(
            f"torch.export refuses the model with a batch of any size: "
            f"{described(error)}"
        ) from error
    exported = program.module()
    others = case.inputs(7, seed=5)
    if any(others[n].shape[1:] != inputs[n].shape[1:] for n in inputs):
        raise NotApplicableError("batches differ in length")
    with torch.no_grad():
        found = exported(**others)
    require_equal(
        logits_of(model, others),
        main_output(found, others),
        "the exported model computes a different output for a batch of another size",
    )


class _Counter:
    """A backend that compiles nothing, but counts its calls."""

    compiled = 0

    def __call__(
        self, graph: torch.fx.GraphModule, inputs: list[torch.Tensor]
    ) -> Callable[..., Any]:
        self.compiled += 1
        return graph.forward


@contextlib.contextmanager
def _torch_may_warn() -> Generator[None]:
    """Ignores warnings of torch's tracing, which are not the model's fault.

    Where warnings are errors, they would end the tracing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _takes(model: nn.Module, inputs: Batch) -> bool:
    """Whether the uncompiled model accepts the inputs."""
    try:
        with torch.no_grad():
            model(**inputs)
    except Exception:  # Any error will do: a model need not accept every length.
        return False
    return True


def _compiled(model: nn.Module, backend: str) -> nn.Module:
    torch.compiler.reset()
    compiled: Any = torch.compile(model, backend=backend)
    return compiled  # type: ignore[no-any-return]


def _other_sizes(case: ModelCase, inputs: Batch) -> list[Batch]:
    """Returns the inputs with more samples and, for texts, with fewer tokens."""
    others = [{name: torch.cat([c, c[:2]]) for name, c in inputs.items()}]
    if len({inputs[t.ids].shape[1] for t in case.tokens}) == 1:
        length = inputs[case.tokens[0].ids].shape[1]
        for shorter in (length - 1, length - 3):
            if shorter > 2:
                others.append(
                    {
                        name: column[:, :shorter].contiguous()
                        if column.ndim > 1 and column.shape[1] == length
                        else column
                        for name, column in inputs.items()
                    }
                )
    return others


def _placed(model: nn.Module, shapes: dict[str, Any]) -> dict[str, Any]:
    """Returns the dynamic shapes by the parameter names of forward."""
    named = inspect.signature(model.forward).parameters
    own = {name: shape for name, shape in shapes.items() if name in named}
    rest = {name: shape for name, shape in shapes.items() if name not in named}
    keywords = [p.name for p in named.values() if p.kind is p.VAR_KEYWORD]
    return {**own, keywords[0]: rest} if rest and keywords else own
