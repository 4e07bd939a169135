"""Tries a module on a batch like those of its task, before anything is written."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping import batches, decoding, masks, remarks
from oumi_runtime.wrapping.forwards import Forward
from oumi_runtime.wrapping.misfits import misfit, shown_input
from oumi_runtime.wrapping.outputs import (
    Found,
    find_embeddings,
    find_logits,
)
from oumi_runtime.wrapping.reading import Reading
from oumi_runtime.wrapping.source import told

_SEED = 0
_SHORT = max(batches.LENGTHS)


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
        make: Callable[[], Any],
        shown: str,
        task: str,
        sizes: Mapping[str, int],
    ) -> None:
        """Makes the module.

        Args:
            what: The module, for errors.
            make: Makes it.
            shown: The arguments that it is made with, for errors.
            task: The task.
            sizes: The sizes of the data.

        Raises:
            WrappingError: That fails, or it is not a module that can be trained.
        """
        self.what, self.task, self.sizes = what, task, dict(sizes)
        self.notes: list[str] = []
        try:
            with _seeded():
                net = make()
        except (Exception, SystemExit) as error:
            reason = f"making it with {shown or 'no arguments'} raises {told(error)}"
            raise WrappingError(what, reason) from error
        if not isinstance(net, nn.Module):
            raise WrappingError(
                what, f"it returns a {type(net).__name__}, not a module"
            )
        self._net: nn.Module = net
        self._is_lazy = any(map(nn.parameter.is_lazy, net.parameters()))
        self._is_text = "vocab_size" in self.sizes
        self._note_vocabulary()

    def reading(self) -> Reading:
        """Runs the module, and returns how a model has to call it.

        Raises:
            WrappingError: It does not run, or does not return what the task needs.
        """
        self._forward = Forward(self._net, self.task, self.what)
        self._later, self._is_colored = "", False
        with _seeded():
            return self._read()

    def _read(self) -> Reading:
        self._targets = batches.targets_of(self.sizes) if self._is_pair else None
        inputs = batches.inputs_of(self.task, self.sizes)
        self._net.eval()
        if self._is_pair:
            self._later = self._target_mask(inputs)
        if self.sizes.get("in_channels") == 1:
            self._is_colored = self._needs_colors(inputs)
        if self._is_lazy:
            self._logits(inputs)  # gives its layers their sizes
        # Evaluation and training must agree; with gradients, as fast paths differ.
        self._net.train()
        trained = self._logits(inputs)
        self._net.eval()
        found = self._logits(inputs)
        if trained.access != found.access:
            raise WrappingError(
                self.what,
                "it returns one thing in training and another in evaluation; turn its "
                "further outputs off with --set, or wrap a subclass",
            )
        self._check_samples(inputs)
        self._check_causality()
        mask, kind = self._mask()
        forward, is_embedding = self._forward, self.task == "embedding"
        are_probabilities = False
        if not is_embedding:
            are_probabilities, note = remarks.probabilities(found)
            self.notes += note
        return Reading(
            found.access,
            found.is_squeezed,
            found.is_transposed,
            found.is_single,
            are_probabilities,
            mask,
            kind,
            forward.is_positional(mask),
            forward.more_masks if mask else (),
            forward.unset,
            "" if self._is_target_second() else forward.target,
            forward.target_mask if self._later else "",
            self._later,
            found.is_pooled,
            is_embedding and remarks.is_normalized(found),
            found.logits.shape[-1] if is_embedding else 0,
            self._is_lazy,
            self._is_colored,
        )

    @property
    def _is_pair(self) -> bool:
        return self.task == "seq2seq"

    def _is_target_second(self) -> bool:
        """Whether the decoder's tokens are given by position."""
        forward = self._forward
        return forward.is_positional(forward.target) or forward.is_second(
            forward.target
        )

    def _note_vocabulary(self) -> None:
        if not self._is_text:
            return
        rows, note = remarks.vocabulary(self._net, self.sizes["vocab_size"])
        self.sizes["vocab_size"] = rows
        self.notes += note

    def _run(self, inputs: torch.Tensor, **others: object) -> object:
        """Runs the module with all that a model will give it."""
        forward = self._forward
        given: dict[str, object] = {}
        given |= dict.fromkeys(forward.unset)
        if self._targets is not None:
            given[forward.target] = self._targets
        if self._targets is not None and self._later:
            mask = decoding.later_masks(self._targets)[self._later]
            given[forward.target_mask] = mask
        given |= others
        if forward.mask in others:
            given |= dict.fromkeys(forward.more_masks, others[forward.mask])
        if self._is_colored:
            inputs = inputs.expand(-1, 3, -1, -1)
        by_position, by_name = forward.bound(given)
        return self._net(inputs, *by_position, **by_name)

    def _logits(self, inputs: torch.Tensor, **others: object) -> Found:
        if not others and self._forward.is_required(self._forward.mask):
            others = masks.no_padding(self._run, self._forward.mask, inputs)
        try:
            outputs = self._run(inputs, **others)
        except (Exception, SystemExit) as error:
            raise WrappingError(
                self.what,
                f"given {shown_input(self.task, tuple(inputs.shape))}, it raises "
                f"{told(error)}{self._cure()}",
            ) from error
        if self.task == "embedding":
            found = find_embeddings(outputs, *inputs.shape)
        else:
            shape = batches.output_shape(self.task, self.sizes, inputs.shape[-1])
            found = find_logits(outputs, shape)
        if found is None:
            reason = misfit(self.task, self.sizes, tuple(inputs.shape), outputs)
            raise WrappingError(self.what, reason)
        return found

    def _cure(self) -> str:
        if self.task == "image-classification":
            return "; other images: --set image_size=N, or your own with --data"
        return ""

    def _call(self, inputs: torch.Tensor, **others: object) -> torch.Tensor:
        return self._logits(inputs, **others).logits.detach()

    def _needs_colors(self, inputs: torch.Tensor) -> bool:
        """Whether grey images have to be given as red, green and blue."""
        try:
            self._logits(inputs)
        except WrappingError:
            self._is_colored = True
            with contextlib.suppress(WrappingError):
                self._logits(inputs)
                return True
        return False

    def _target_mask(self, inputs: torch.Tensor) -> str:
        """Returns the kind of mask that hides later tokens from the decoder.

        Raises:
            WrappingError: It does not run, or sees later tokens with any of them.
        """
        assert self._targets is not None
        name = self._forward.target_mask
        kinds = list(decoding.later_masks(self._targets)) if name else []
        if not self._forward.is_required(name):
            kinds.insert(0, "")
        problem: WrappingError | None = None
        for self._later in kinds:
            try:
                if self._is_causal_decoder(inputs):
                    return self._later
            except WrappingError as error:
                problem = problem or error
        raise problem or WrappingError(
            self.what,
            "its logits depend on later tokens of the target, which it would have to "
            "predict: make its decoder causal, or let its forward take a tgt_mask",
        )

    def _is_causal_decoder(self, inputs: torch.Tensor) -> bool:
        assert self._targets is not None
        given = self._targets
        one = self._call(inputs)
        self._targets = decoding.changed_from_half(given)
        other = self._call(inputs)
        self._targets = given
        return bool(one.isfinite().all()) and decoding.sees_no_later(one, other)

    def _check_samples(self, inputs: torch.Tensor) -> None:
        """Raises if what a sample gives depends on the others in its batch."""
        others = torch.cat([inputs[:1], inputs[1:].flip(-1)])
        one, again, other = (self._call(each)[:1] for each in (inputs, inputs, others))
        tolerance = 1e-3 * float(one.abs().max())
        if torch.equal(one, again) and not torch.allclose(one, other, atol=tolerance):
            raise WrappingError(
                self.what,
                "what it returns for a sample depends on the others in the batch: if "
                "its layers take (sequence, batch), make them with batch_first=True",
            )

    def _check_causality(self) -> None:
        if self.task != "causal-lm":
            return
        ids = batches.inputs_of(self.task, self.sizes, length=_SHORT)
        one, other = self._call(ids), self._call(decoding.changed_from_half(ids))
        if not decoding.sees_no_later(one, other):
            raise WrappingError(
                self.what,
                "its logits depend on later tokens, which it would have to predict: "
                "make its layers causal",
            )

    def _mask(self) -> tuple[str, str]:
        """Returns the module's argument for the mask, and the kind that it takes."""
        name = self._forward.mask
        if not self._is_text:
            return "", ""
        if self.task == "causal-lm" and not self._forward.is_required(name):
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
