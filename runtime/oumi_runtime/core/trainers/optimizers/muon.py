"""Muon for the matrices inside a model and AdamW for the rest, as one optimizer.

Muon is torch's (Jordan 2024), with updates scaled to match AdamW's (Liu et al. 2025,
"Muon is Scalable for LLM Training"), so that one learning rate works for both.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

from oumi_runtime.core.models.layer_types import EMBEDDINGS


class MuonWithAdamW(Optimizer):
    """Applies Muon or AdamW to each parameter group, depending on its `is_muon`."""

    def __init__(
        self,
        params: Sequence[dict[str, Any]],
        *,
        lr: float,
        weight_decay: float = 0.0,
        adamw: dict[str, Any] | None = None,
        **muon: Any,
    ) -> None:
        """Initializes both optimizers.

        Args:
            params: Parameter groups that also have `is_muon`. Those for Muon must
                contain only matrices.
            lr: The learning rate of both.
            weight_decay: The decoupled weight decay of both.
            adamw: Additional arguments for AdamW.
            muon: Additional arguments for Muon: `momentum`, `nesterov`, `ns_steps` and
                so on.
        """
        rates: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
        muon = {"adjust_lr_fn": "match_rms_adamw", **muon}
        groups = [dict(group) for group in params]
        for_muon = [group for group in groups if group["is_muon"]]
        for_adamw = [group for group in groups if not group["is_muon"]]
        both: list[Optimizer] = []
        if for_muon:
            both.append(Muon(for_muon, **rates, **muon))
        if for_adamw:
            both.append(AdamW(for_adamw, **rates, **(adamw or {})))
        # Each optimizer has filled in the defaults of its own groups.
        super().__init__([g for each in both for g in each.param_groups], rates)
        self._both = both
        self._share()

    def _share(self) -> None:
        """Makes both optimizers use this optimizer's groups and state."""
        for each in self._both:
            is_muon = isinstance(each, Muon)
            own = [g for g in self.param_groups if g["is_muon"] is is_muon]
            each.param_groups, each.state = own, self.state

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Updates the parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for each in self._both:
            each.step()
        return loss

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        super().load_state_dict(state_dict)
        self._share()


def inner_matrices(model: nn.Module) -> set[int]:
    """Returns the ids of the parameters that Muon should train.

    These are all matrices except embeddings and the output layer, which is taken to be
    the last one.
    """
    matrices: dict[int, None] = {}
    embedded: set[int] = set()
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if isinstance(module, EMBEDDINGS):
                embedded.add(id(parameter))
            elif parameter.ndim == 2:
                matrices[id(parameter)] = None
    inner = [each for each in matrices if each not in embedded]
    # An output layer tied to an embedding is excluded already.
    is_tied = len(inner) < len(matrices)
    return set(inner if is_tied else inner[:-1])
