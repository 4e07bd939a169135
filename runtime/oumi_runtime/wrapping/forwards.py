"""What the forward of a module takes, and which of it a model can give."""

import inspect
from typing import Any

from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping.masks import MASKS, SOURCE_MASKS

_TARGETS = (
    *("decoder_input_ids", "tgt", "trg", "target", "targets", "target_ids", "tgt_ids"),
    *("trg_ids", "decoder_inputs", "decoder_input", "dec_inputs", "dec_input", "y"),
)
_TARGET_MASKS = (
    *("tgt_mask", "trg_mask", "target_mask", "decoder_mask", "dec_mask"),
    *("causal_mask", "look_ahead_mask", "subsequent_mask"),
)
_CAUSAL_MASKS = ("src_mask", "attn_mask", "causal_mask", "tgt_mask", "mask")
_MEMORY_MASKS = ("memory_key_padding_mask", "memory_padding_mask")
_LABELS = ("labels", "label", "targets", "target", "y")


class Forward:
    """The parameters of a module's forward, by their use.

    `mask` is the name of that for the padding of texts, and `target` of that for the
    tokens of a decoder; nothing if there is none. `more_masks` take the same mask,
    `target_mask` one that hides later tokens, and `unset` are required masks that are
    given None.
    """

    def __init__(self, net: nn.Module, task: str, what: str) -> None:
        """Reads the signature.

        Raises:
            WrappingError: It takes no input, or needs others that a model cannot give.
        """
        try:
            parameters = list(inspect.signature(net.forward).parameters.values())
        except (TypeError, ValueError):
            parameters = []  # anything may be given
        else:
            inputs = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
            if not inputs:
                raise WrappingError(what, _taking_nothing(parameters))
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        rest = [each for each in parameters[1:] if each.kind not in variable]
        self._rest = rest
        self._names = [each.name for each in rest]
        self._required = [each.name for each in rest if each.default is each.empty]
        is_text = not task.startswith(("image", "tabular"))
        is_pair = task == "seq2seq"
        self.target = self._target(what) if is_pair else ""
        later = {"seq2seq": _TARGET_MASKS, "causal-lm": _CAUSAL_MASKS}
        self.target_mask = self._first(later.get(task, ()))
        masks = SOURCE_MASKS if is_pair else MASKS if is_text else ()
        self.mask = self._first(masks)
        self.more_masks = tuple(
            each for each in _MEMORY_MASKS if is_pair and each in self._names
        )
        known = {self.mask, self.target, self.target_mask, *self.more_masks}
        missing = [name for name in self._required if name not in known]
        self.unset = tuple(name for name in missing if is_text and "mask" in name)
        if needed := [name for name in missing if name not in self.unset]:
            raise WrappingError(what, _lacking(needed, task))
        self._check_order(what)

    def is_required(self, name: str) -> bool:
        """Whether a parameter has no default."""
        return name in self._required

    def is_positional(self, name: str) -> bool:
        """Whether a parameter cannot be given by its name."""
        return any(
            each.name == name and each.kind is each.POSITIONAL_ONLY
            for each in self._rest
        )

    def is_second(self, name: str) -> bool:
        """Whether a parameter comes right after the first input."""
        first = self._rest[0] if self._rest else None
        return first is not None and (
            first.name == name and first.kind is not first.KEYWORD_ONLY
        )

    def bound(self, others: dict[str, object]) -> tuple[list[object], dict[str, Any]]:
        """Divides arguments into those by position and those by name."""
        by_position = [name for name in self._names if self.is_positional(name)]
        by_name = {k: value for k, value in others.items() if k not in by_position}
        return [others[name] for name in by_position if name in others], by_name

    def _target(self, what: str) -> str:
        """Returns the name of the decoder's tokens."""
        unmasked = [name for name in self._required if "mask" not in name]
        if (name := self._first((*_TARGETS, *unmasked[:1]))) == "":
            raise WrappingError(
                what,
                "its forward takes one text, and seq2seq needs a second one, the "
                "target so far, as decoder_input_ids or tgt",
            )
        return name

    def _first(self, usual: tuple[str, ...]) -> str:
        return next((name for name in usual if name in self._names), "")

    def _check_order(self, what: str) -> None:
        """Raises if something by position alone comes after what is not given."""
        for place, name in enumerate(self._names):
            is_given = name in (self.target, self.mask) and self.is_positional(name)
            if is_given and place > (name == self.mask and bool(self.target)):
                reason = f"its forward takes {name} by position only, after others"
                raise WrappingError(what, f"{reason}: remove the / from its parameters")


def _taking_nothing(parameters: list[inspect.Parameter]) -> str:
    """Says what to do about a forward without an input of its own."""
    if not parameters:
        return "its forward takes no input"
    return (
        f"its forward takes only **{parameters[0].name}: wrap a subclass whose forward "
        "takes a tensor, and passes it on by its name"
    )


def _lacking(needed: list[str], task: str) -> str:
    """Says what to do about inputs that a model cannot give."""
    names = ", ".join(needed)
    if needed[0] in _LABELS:
        return (
            f"its forward also needs {names}: give it a default of None, without which "
            "it returns what the loss is computed from"
        )
    if "offsets" in needed:
        return (
            f"its forward also needs {names}: default them to None, since "
            "nn.EmbeddingBag needs none for texts of shape (batch, sequence), and give "
            "it padding_idx=0, with which it leaves padding out"
        )
    if task == "embedding":
        return (
            f"its forward also needs {names}, and the model embeds one text at a time: "
            "wrap the encoder in it, or a subclass whose forward takes one text"
        )
    takes = "two texts" if task == "seq2seq" else "one input"
    reason = f"its forward also needs {names}; a wrapped module takes {takes}"
    return f"{reason}, and masks with texts: give the others defaults"
