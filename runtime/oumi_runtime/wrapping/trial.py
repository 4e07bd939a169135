"""Tries a module on a batch like those of its task, before anything is written."""

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping import batches, masks
from oumi_runtime.wrapping.outputs import (
    Found,
    described,
    find_logits,
    is_of_a_sigmoid,
    tensors_in,
)
from oumi_runtime.wrapping.source import told

_SEED = 0
_SHORT = max(batches.LENGTHS)


class Reading(NamedTuple):
    """How a model has to call the module, and finds the logits in what it returns.

    `access` is empty, or how and by which name the logits are reached: `key`, `logits`.
    `mask_kind` says as what the mask of the batch is passed; nothing if it is not.
    """

    access: tuple[str, ...] = ()
    is_squeezed: bool = False
    is_transposed: bool = False
    is_single: bool = False
    are_probabilities: bool = False
    mask: str = ""
    mask_kind: str = ""


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    """Draws the same random numbers every time, and leaves those outside alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_SEED)
        yield


class Trial:
    """One module of a class, tried for a task.

    `notes` gathers what the user should know.
    """

    def __init__(
        self,
        what: str,
        make: Callable[..., Any],
        arguments: Mapping[str, object],
        task: str,
        sizes: Mapping[str, int],
    ) -> None:
        """Makes the module.

        Raises:
            WrappingError: That fails, or it is not a module that can be trained.
        """
        self.what, self.task, self.sizes = what, task, dict(sizes)
        self.notes: list[str] = []
        try:
            with _seeded():
                net = make(**arguments)
        except (Exception, SystemExit) as error:
            shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
            reason = f"making it with {shown or 'no arguments'} raises {told(error)}"
            raise WrappingError(what, reason) from error
        if not isinstance(net, nn.Module):
            raise WrappingError(
                what, f"it returns a {type(net).__name__}, not a module"
            )
        if any(map(nn.parameter.is_lazy, net.parameters())):
            raise WrappingError(what, "it has lazy layers: give their sizes")
        self._net: nn.Module = net
        self._note_vocabulary()

    def reading(self) -> Reading:
        """Runs the module, and returns how a model has to call it.

        Raises:
            WrappingError: It does not run, or does not return what the task needs.
        """
        self._check_other_inputs()
        with _seeded():
            return self._read()

    def _read(self) -> Reading:
        ids = batches.inputs_of(self.task, self.sizes)
        # Evaluation and training must agree; with gradients, as fast paths differ.
        trained = self._logits(self._net.train(), ids)
        found = self._logits(self._net.eval(), ids)
        if trained.access != found.access:
            raise WrappingError(
                self.what,
                "it returns one thing in training and another in evaluation; turn its "
                "further outputs off with --set, or wrap a subclass",
            )
        self._check_causality()
        mask, kind = self._mask()
        return Reading(
            found.access,
            found.is_squeezed,
            found.is_transposed,
            found.is_single,
            self._are_probabilities(found),
            mask,
            kind,
        )

    def _note_vocabulary(self) -> None:
        if "vocab_size" not in self.sizes:
            return
        tables = [
            each for each in self._net.modules() if isinstance(each, nn.Embedding)
        ]
        if not tables:
            self.notes.append(
                "it has no nn.Embedding, so set tokenizer_name in the config"
            )
            return
        rows = tables[0].num_embeddings
        if rows != self.sizes["vocab_size"]:
            self.notes.append(
                f"its first nn.Embedding has {rows:,} rows, so the vocabulary will be "
                "as large; if it is not the table of the tokens, make that one first"
            )
        self.sizes["vocab_size"] = rows

    def _check_other_inputs(self) -> None:
        """Raises if forward has no input, or needs more than one and a mask."""
        try:
            parameters = inspect.signature(self._net.forward).parameters.values()
        except (TypeError, ValueError):
            return
        mask = self._mask_name()
        inputs = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
        needed = [
            p.name
            for p in inputs[1:]
            if p.default is p.empty
            and p.kind is not p.VAR_POSITIONAL
            and p.name != mask
        ]
        if not inputs:
            raise WrappingError(self.what, "its forward takes no input")
        if needed:
            names = ", ".join(needed)
            reason = f"its forward also needs {names}; a wrapped module takes one input"
            raise WrappingError(self.what, f"{reason}, and a mask with texts")

    def _mask_name(self) -> str:
        is_text = "vocab_size" in self.sizes
        return masks.mask_of(self._net.forward) if is_text else ""

    def _needs_mask(self) -> bool:
        name = self._mask_name()
        if not name:
            return False
        parameter = inspect.signature(self._net.forward).parameters[name]
        return parameter.default is parameter.empty

    def _logits(self, net: nn.Module, inputs: torch.Tensor, **others: object) -> Found:
        shape = tuple(inputs.shape)
        if not others and self._needs_mask():
            others = masks.no_padding(net, self._mask_name(), inputs)
        try:
            outputs = net(inputs, **others)
        except (Exception, SystemExit) as error:
            raise WrappingError(
                self.what,
                f"given {self._given(shape)}, it raises {told(error)}{self._cure()}",
            ) from error
        wanted = batches.output_shape(self.task, self.sizes, shape[-1])
        found = find_logits(outputs, wanted)
        if found is None:
            raise WrappingError(self.what, self._misfit(shape, outputs, wanted))
        return found

    def _given(self, shape: tuple[int, ...]) -> str:
        names = {2: "token ids", 4: "images"}
        kind = "features" if self.task.startswith("tabular") else names[len(shape)]
        return f"{kind} of shape {shape}"

    def _cure(self) -> str:
        if self.task == "image-classification":
            return "; other images: --set image_size=N, or your own with --data"
        return ""

    def _misfit(
        self, shape: tuple[int, ...], outputs: object, wanted: tuple[int, ...]
    ) -> str:
        told_outputs = described(outputs)
        names = {"causal-lm": "(batch, sequence, vocabulary)"}
        words = names.get(self.task, "")
        reason = (
            f"given {self._given(shape)}, it returns {told_outputs}, and {self.task} "
            f"needs {wanted}{words and f', {words}'}"
        )
        if "num_classes" in self.sizes and find_logits(outputs, (*wanted[:1], 2)):
            return f"{reason}: one logit is for two classes, so give data of two"
        lasts = [
            tensor.shape[-1]
            for _, tensor in tensors_in(outputs)
            if tensor.dim() == len(wanted) and tensor.shape[:-1] == wanted[:-1]
        ]
        if lasts and "num_classes" in self.sizes and len(wanted) > 1:
            reason += (
                f": set its number of classes to {wanted[-1]}, or give data of "
                f"{lasts[0]} classes and --set num_classes={lasts[0]}"
            )
        return reason

    def _call(self, inputs: torch.Tensor, **others: object) -> torch.Tensor:
        return self._logits(self._net, inputs, **others).logits.detach()

    def _check_causality(self) -> None:
        if self.task != "causal-lm":
            return

        ids = batches.inputs_of(self.task, self.sizes, length=_SHORT)
        half = _SHORT // 2
        others = torch.cat([ids[:, :half], ids[:, half:].flip(0)], dim=1)
        one, other = self._call(ids)[:, :half], self._call(others)[:, :half]
        if not torch.allclose(one, other, atol=1e-4 * float(one.abs().max() + 1)):
            raise WrappingError(
                self.what,
                "its logits depend on later tokens, which it would have to predict: "
                "make its layers causal",
            )

    def _mask(self) -> tuple[str, str]:
        """Returns the module's argument for the mask, and the kind that it takes."""
        name = self._mask_name()
        if "vocab_size" not in self.sizes:
            return "", ""
        if self.task == "causal-lm" and not self._needs_mask():
            # Padding comes last, where no token sees it, except in generation.
            kind = masks.kind_before_texts(self._call, name, self.sizes)
            return (name if kind else ""), kind
        kind, is_honoured = masks.mask_kind_of(self._call, name, self.sizes)
        if not is_honoured:
            how = (
                f"although it is given {name}: the tests of padding will fail"
                if kind
                else "and it takes no mask: the tests of padding will fail until its "
                "forward has an attention_mask, 1 for tokens and 0 for padding"
            )
            self.notes.append(f"padding changes what {self.what} computes, {how}")
        return (name if kind and kind != "ids" else ""), kind

    def _are_probabilities(self, found: Found) -> bool:
        logits = found.logits
        if found.is_single:
            is_share = is_of_a_sigmoid(logits)
            if is_share:
                self.notes.append(
                    "it returns a probability, of which the model takes the logit; it "
                    "is more exact to leave the sigmoid out"
                )
            return is_share
        if logits.dim() == 1 or logits.shape[-1] < 2:
            return False
        values = logits.detach()
        sums = values.sum(dim=-1)
        if bool((values < 0).any()) or bool((values > 1).any()):
            return False
        if torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
            self.notes.append(
                "it returns probabilities, of which the model takes the logarithm; "
                "leave its softmax out, and run this again with --force: the loss has "
                "one, and a test will fail until then"
            )
            return True
        self.notes.append(
            "all that it returns is between 0 and 1: if its last layer is a sigmoid, "
            "leave it out, since the loss takes logits"
        )
        return False
