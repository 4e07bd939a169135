"""Runs a module as the model around it will."""

import torch
from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping import batches, decoding, masks
from oumi_runtime.wrapping.forwards import Forward
from oumi_runtime.wrapping.misfits import key_asked_for, misfit, shown_input
from oumi_runtime.wrapping.outputs import Found, find_embeddings, find_logits
from oumi_runtime.wrapping.source import told


class Runner:
    """A module, with what the model gives it beside its input.

    `targets` are the tokens of a decoder, and `later` is the kind of mask that hides
    later tokens, if it is needed. `is_colored` is whether grey images are given as
    colored ones, and `is_sequence_first` whether tokens are given as (sequence, batch).
    """

    def __init__(
        self, net: nn.Module, what: str, task: str, sizes: dict[str, int]
    ) -> None:
        """Reads what forward takes.

        Args:
            net: The module.
            what: Its name, for errors.
            task: The task.
            sizes: The sizes of the data.

        Raises:
            WrappingError: It takes no input, or needs others that a model cannot give.
        """
        self.net, self.what, self.task, self.sizes = net, what, task, sizes
        self.forward = Forward(net, task, what)
        self.targets: torch.Tensor | None = None
        self.later = ""
        self.is_colored = self.is_sequence_first = False

    @property
    def mask(self) -> str:
        """The name of the argument for padding; that for later tokens is none."""
        is_taken = self.later and self.forward.mask == self.forward.target_mask
        return "" if is_taken else self.forward.mask

    def run(self, inputs: torch.Tensor, **others: object) -> object:
        """Returns what the module does, given further arguments by name."""
        forward = self.forward
        given: dict[str, object] = {}
        given |= dict.fromkeys(forward.unset)
        if self.targets is not None:
            given[forward.target] = self._turned(self.targets)
        if self.later:
            tokens = inputs if self.targets is None else self.targets
            given[forward.target_mask] = decoding.later_masks(tokens)[self.later]
        given |= others
        if self.mask in others:
            given |= dict.fromkeys(forward.more_masks, others[self.mask])
        if self.is_colored:
            inputs = inputs.expand(-1, 3, -1, -1)
        by_position, by_name = forward.bound(given)
        return self.net(self._turned(inputs), *by_position, **by_name)

    def found(self, inputs: torch.Tensor, **others: object) -> Found:
        """Returns the logits, or embeddings, and where they are in the outputs.

        Raises:
            WrappingError: The module does not run, or returns nothing like them.
        """
        if not others and self.forward.is_required(self.mask):
            others = masks.no_padding(self.run, self.mask, inputs)
        try:
            outputs = self.run(inputs, **others)
        except (Exception, SystemExit) as error:
            if (key := key_asked_for(self.net)) is not None:
                raise WrappingError(
                    self.what,
                    f"its forward takes a dict with {key!r}: wrap a subclass whose "
                    "forward takes a tensor, x, and returns "
                    f"super().forward({{{key!r}: x}})",
                ) from error
            raise WrappingError(
                self.what,
                f"given {shown_input(self.task, tuple(inputs.shape))}, it raises "
                f"{told(error)}{self._cure()}",
            ) from error
        found = self._find(outputs, *inputs.shape[:: inputs.dim() - 1])
        if found is None:
            reason = misfit(self.task, self.sizes, tuple(inputs.shape), outputs)
            raise WrappingError(self.what, reason)
        return found

    def logits(self, inputs: torch.Tensor, **others: object) -> torch.Tensor:
        """Returns the logits, or embeddings, without gradients."""
        return self.found(inputs, **others).logits.detach()

    def _find(self, outputs: object, samples: int, length: int) -> Found | None:
        is_turned = self.is_sequence_first
        if self.task == "embedding":
            return find_embeddings(outputs, samples, length, is_turned=is_turned)
        shape = batches.output_shape(self.task, self.sizes, length)
        if not is_turned or len(shape) < 3:
            return find_logits(outputs, shape)
        found = find_logits(outputs, (shape[1], shape[0], shape[2]))
        return found and found._replace(logits=found.logits.transpose(0, 1))

    def _turned(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens.T if self.is_sequence_first else tokens

    def _cure(self) -> str:
        if self.task == "image-classification":
            return "; other images: --set image_size=N, or your own with --data"
        if self.task.startswith("tabular"):
            return (
                "; other rows: --set num_features=N, or your own with --data; for an "
                "input of another shape, wrap a subclass that gives the features it"
            )
        return ""
