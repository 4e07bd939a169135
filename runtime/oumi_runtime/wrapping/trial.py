"""Tries a module on a batch like those of its task, before anything is written."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping import batches, decoding, masks, remarks
from oumi_runtime.wrapping.interface import ModuleInterface
from oumi_runtime.wrapping.running import Runner
from oumi_runtime.wrapping.source import told

_SEED = 0


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

    def interface(self) -> ModuleInterface:
        """Runs the module, and returns how a model has to call it.

        Raises:
            WrappingError: It does not run, or does not return what the task needs.
        """
        # What torch warns of here may come of the values that it is tried with.
        with _seeded(), warnings.catch_warnings(action="ignore"):
            try:
                return self._interface(is_sequence_first=False)
            except WrappingError as error:
                if not self._is_text:
                    raise
                first = error
            try:
                return self._interface(is_sequence_first=True)
            except WrappingError as error:
                # That it could be run says more than that it could not.
                if first.__cause__ is not None and error.__cause__ is None:
                    raise
            raise first

    def _interface(self, *, is_sequence_first: bool) -> ModuleInterface:
        self._runner = Runner(self._net, self.what, self.task, self.sizes)
        self._runner.is_sequence_first = is_sequence_first
        is_pair = self.task == "seq2seq"
        self._runner.targets = batches.targets_of(self.sizes) if is_pair else None
        inputs = batches.inputs_of(self.task, self.sizes)
        self._net.eval()
        if self.task in ("seq2seq", "causal-lm"):
            self._runner.later = self._later_mask(inputs)
        if self.sizes.get("in_channels") == 1:
            self._runner.is_colored = self._needs_colors(inputs)
        if self._is_lazy:
            self._runner.found(inputs)  # gives its layers their sizes
        # Evaluation and training must agree; with gradients, as fast paths differ.
        self._net.train()
        trained = self._runner.found(inputs)
        self._net.eval()
        found = self._runner.found(inputs)
        if trained.access != found.access:
            raise WrappingError(
                self.what,
                "it returns one thing in training and another in evaluation; turn its "
                "further outputs off with --set, or wrap a subclass",
            )
        self._check_samples(inputs)
        mask, kind = self._mask()
        forward, is_embedding = self._runner.forward, self.task == "embedding"
        are_probabilities = False
        if not is_embedding:
            are_probabilities, note = remarks.probabilities(found)
            self.notes += note
        return ModuleInterface(
            access=found.access,
            is_squeezed=found.is_squeezed,
            is_transposed=found.is_transposed,
            is_single=found.is_single,
            are_probabilities=are_probabilities,
            mask=mask,
            mask_kind=kind,
            is_mask_positional=forward.is_positional(mask),
            more_masks=forward.more_masks if mask else (),
            unset=forward.unset,
            target="" if self._is_target_second() else forward.target,
            target_mask=forward.target_mask if self._runner.later else "",
            target_mask_kind=self._runner.later,
            is_pooled=found.is_pooled,
            is_normalized=is_embedding and remarks.is_normalized(found),
            width=found.logits.shape[-1] if is_embedding else 0,
            is_lazy=self._is_lazy,
            is_colored=self._runner.is_colored,
            is_sequence_first=self._runner.is_sequence_first,
        )

    def _is_target_second(self) -> bool:
        """Whether the decoder's tokens are given by position."""
        forward = self._runner.forward
        return forward.is_positional(forward.target) or forward.is_second(
            forward.target
        )

    def _note_vocabulary(self) -> None:
        if not self._is_text:
            return
        rows, note = remarks.vocabulary(self._net, self.sizes["vocab_size"])
        self.sizes["vocab_size"] = rows
        self.notes += note

    def _needs_colors(self, inputs: torch.Tensor) -> bool:
        """Whether grey images have to be given as red, green and blue."""
        for self._runner.is_colored in (False, True):
            with contextlib.suppress(Exception, SystemExit):
                self._runner.run(inputs)
                return self._runner.is_colored
        return False

    def _later_mask(self, inputs: torch.Tensor) -> str:
        """Returns the kind of mask that hides later tokens; nothing if none is needed.

        Raises:
            WrappingError: It does not run, or sees later tokens with any of them.
        """
        forward, tokens = self._runner.forward, self._runner.targets
        name = forward.target_mask
        kinds = list(decoding.later_masks(inputs if tokens is None else tokens))
        kinds = kinds if name else []
        if not forward.is_required(name) or name == forward.mask:
            kinds.insert(0, "")
        problem: WrappingError | None = None
        for self._runner.later in kinds:
            try:
                if self._is_causal(inputs):
                    return self._runner.later
            except WrappingError as error:
                problem = problem or error
        mask = "src_mask" if tokens is None else "tgt_mask"
        raise problem or WrappingError(
            self.what,
            "its logits depend on later tokens, which it would have to predict: make "
            f"it causal, or let its forward take a {mask}",
        )

    def _is_causal(self, inputs: torch.Tensor) -> bool:
        """Whether no token sees later ones.

        Raises:
            WrappingError: It does not see itself, either, or draws random numbers.
        """
        given = self._runner.targets
        one, again = self._runner.logits(inputs), self._runner.logits(inputs)
        if one.isfinite().all() and not torch.equal(one, again):
            raise WrappingError(
                self.what,
                "it draws random numbers in evaluation, too: if it goes on from its "
                "own predictions at times, let it not, with teacher forcing of 1",
            )
        if given is None:
            other = self._runner.logits(decoding.changed_from_half(inputs))
        else:
            self._runner.targets = decoding.changed_from_half(given)
            other = self._runner.logits(inputs)
            self._runner.targets = given
        if not one.isfinite().all() or not decoding.sees_no_later(one, other):
            return False
        if not decoding.sees_own(one, other):
            raise WrappingError(
                self.what,
                "its logits at a token do not depend on it: those at each token have "
                "to be of the next one, so shift them by one in its forward",
            )
        return True

    def _check_samples(self, inputs: torch.Tensor) -> None:
        """Raises if what a sample gives depends on the others in its batch."""
        one, again = (self._runner.logits(each) for each in (inputs, inputs))
        if not torch.equal(one, again):
            return  # it draws numbers, or returns what is not finite
        tolerance = 1e-3 * float(one.abs().max())
        targets = self._runner.targets
        for kept in (0, len(inputs) - 1):
            if targets is not None:
                self._runner.targets = _others_changed(targets, kept)
            other = self._runner.logits(_others_changed(inputs, kept))
            self._runner.targets = targets
            if not torch.allclose(one[kept], other[kept], atol=tolerance):
                raise WrappingError(
                    self.what,
                    "what it returns for a sample depends on the others in the batch: "
                    "is a dimension taken for another, or a mean over the batch?",
                )

    def _mask(self) -> tuple[str, str]:
        """Returns the module's argument for the mask, and the kind that it takes."""
        name = self._runner.mask
        if not self._is_text:
            return "", ""
        if self.task == "causal-lm" and not self._runner.forward.is_required(name):
            # Padding comes last, where no token sees it, except in generation.
            kind = masks.kind_before_texts(self._runner.logits, name, self.sizes)
            return (name if kind else ""), kind
        kind, is_honoured = masks.mask_kind_of(self._runner.logits, name, self.sizes)
        if not is_honoured:
            given = name if kind else ""
            self.notes.append(remarks.padding(self._net, self.what, given))
        return (name if kind and kind != "ids" else ""), kind


def _others_changed(samples: torch.Tensor, kept: int) -> torch.Tensor:
    """Returns samples of which all but one are reversed."""
    return samples.flip(-1).index_copy(0, torch.tensor([kept]), samples[[kept]])
