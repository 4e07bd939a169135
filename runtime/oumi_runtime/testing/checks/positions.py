"""Checks of rotary, sinusoidal and bias-based position encodings."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.checks.attending import attention
from oumi_runtime.testing.checks.attention_scores import Attended, attended_by
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import Probe, outputs_of

_LENGTH = 24
_LEAST_ROWS = 5
# Angles may be computed in float32; what is wrong is off by far more.
_TOLERANCE = 1e-3
_STILL = 1e-2  # radians a position
_SLOWEST = 0.3
_EXCLUDED = -1e3
_WAVES = {
    torch.sin: 0,
    torch.cos: 0,
    torch.Tensor.sin: 0,
    torch.Tensor.cos: 0,
    torch.polar: 1,
}


@check(needs=[attention])
def check_turned_positions_tell_the_distance(case: ModelCase) -> None:
    """Catches a rotary embedding with scores that do not depend on the distance.

    For example queries that are rotated and keys that are not; or channels that are
    split into halves but rotated by angles for adjacent pairs. For identical tokens, a
    score has to depend only on the distance (Su et al. 2021).

    If it fails, rotate queries and keys with the same function, and compare the order
    of its angles with that of the channels that it combines.
    """
    turned = 0
    for each in _among_alike_tokens(case):
        speeds = _speeds(each.query), _speeds(each.key)
        if speeds[0] is None or speeds[1] is None:
            continue
        moves = [bool((speed > _STILL).any()) for speed in speeds if speed is not None]
        if not any(moves):
            continue
        if not all(moves):
            names = ("queries", "keys") if moves[0] else ("keys", "queries")
            raise CheckFailedError(
                f"the {names[0]} of attention are rotated by their positions, but the "
                f"{names[1]} are not, so that no score depends on the distance: is the "
                "rotary embedding applied to both?"
            )
        turned += 1
        scores = each.query @ each.key.transpose(-2, -1)
        gap = (scores[..., 1:, 1:] - scores[..., :-1, :-1]).abs().max()
        if gap > _TOLERANCE * scores.abs().max():
            raise CheckFailedError(
                "queries and keys are rotated by their positions, but the scores of "
                "identical tokens do not depend only on their distance: are channels "
                "combined in halves, but their angles ordered in pairs?"
            )
    if not turned:
        raise NotApplicableError("attention rotates nothing by its position")


@check()
def check_positions_turn_at_several_speeds(case: ModelCase) -> None:
    """Catches position encodings whose frequencies are all equal, or all too high.

    For example rates computed with `//`, which are all 1; `10000 * (-i / d)` instead of
    `**`; or an exponent with the wrong sign. To distinguish both neighbours and distant
    tokens, wavelengths have to range from a few tokens to thousands.

    If it fails, print the rates: they decrease from 1, as in `10000 ** (-2 * i / d)`.
    """
    with _Waves() as waves:
        outputs_of(case.model(), case.batch())
    tables = [rates for angles in waves.angles for rates in _rates(angles)]
    if not tables:
        raise NotApplicableError("no sine or cosine is taken of positions")
    for rates in tables:
        if torch.allclose(rates, rates[:1], rtol=1e-4):
            raise CheckFailedError(
                f"all {len(rates)} waves of the positions advance by {rates[0]:.3g} "
                "per position: is there an integer division, or a missing index?"
            )
        slowest = rates[rates > 0].min().item()
        if slowest > _SLOWEST:
            raise CheckFailedError(
                f"the slowest of {len(rates)} waves of the positions advances by "
                f"{slowest:.3g} per position, so that tokens a few positions apart "
                "look alike: is a sign or a power missing in the rates?"
            )


@check(needs=[attention])
def check_a_bias_for_distance_favours_the_near(case: ModelCase) -> None:
    """Catches an attention bias that grows with the distance, on one side or both.

    For example `scores + slopes * distance`, or a distance without its absolute value
    if tokens on both sides are visible. For identical tokens, linear biases have to
    fall with the distance (Press et al. 2022), and biases that distinguish distances on
    one side have to do so on both (Raffel et al. 2020).

    If it fails, print the distances: subtract the slopes times the absolute distance,
    or clamp it on both sides.
    """
    lines = 0
    for each in _among_alike_tokens(case):
        lines += _require_distances(each)
        for side, slope in _slopes(each.scores):
            lines += 1
            if slope > 0:
                raise CheckFailedError(
                    f"the score of a token {side} rises by {slope:.3g} with every "
                    "position of distance: does the bias have the wrong sign, or is "
                    "the distance not an absolute value?"
                )
    if not lines:
        raise NotApplicableError("no bias of attention follows the distance")


def _require_distances(attended: Attended) -> int:
    """Fails if a bias depends only on the key, or on the distance on one side only.

    Returns:
        The number of heads with a bias.
    """
    scores, count = attended.scores, attended.scores.shape[-1]
    if not all(_is_still(each) for each in (attended.query, attended.key)):
        return 0
    found = 0
    for head in scores.reshape(-1, count, count):
        spread = (head.max() - head.min()).item()
        if not head.isfinite().all() or spread <= 1e-9 or head.min() < _EXCLUDED:
            continue
        found += 1
        steps = head[0].diff()
        is_of_keys = (head - head[:1]).abs().max() <= 1e-6 * spread
        if is_of_keys and (steps - steps.mean()).abs().max() > 1e-6 * spread:
            raise CheckFailedError(
                "the attention bias depends only on the key's position, not on the "
                "query's: is it computed from the distance between both?"
            )
        before, after = head[-1].diff().abs().max(), steps.abs().max()
        if min(before, after) <= 1e-6 * spread < max(before, after):
            side = "before" if before < after else "after"
            raise CheckFailedError(
                f"the attention bias is the same for all tokens {side} one, but "
                "depends on the distance on the other side: is the distance clamped on "
                "both?"
            )
    return found


def _is_still(values: torch.Tensor) -> bool:
    """Whether queries or keys are the same at every position."""
    gap = (values - values[..., :1, :]).abs().max()
    return bool(gap <= 1e-6 * values.abs().max())


def _among_alike_tokens(case: ModelCase) -> Iterator[Attended]:
    """Yields the attention among identical tokens, without the first one."""
    probe = Probe(case, 2)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    for length in (_LENGTH, None):
        inputs = _alike(case, probe.inputs, length)
        try:
            found = attended_by(lambda inputs=inputs: probe(inputs))  # type: ignore[misc]
        except (CheckFailedError, IndexError, RuntimeError, TypeError, ValueError):
            continue  # For example, the model accepts only one length.
        for each in found:
            count = each.scores.shape[-2]
            if count == each.scores.shape[-1] and count > _LEAST_ROWS:
                # The first may be a start token.
                yield Attended(
                    each.query[..., 1:, :],
                    each.key[..., 1:, :],
                    each.scores[..., 1:, 1:],
                )
        return


def _alike(case: ModelCase, inputs: Batch, length: int | None) -> Batch:
    names = {t.ids for t in case.tokens} | {t.mask or "" for t in case.tokens}
    names |= case.targets & inputs.keys()
    changed = dict(inputs)
    for name in names & inputs.keys():
        column = inputs[name]
        if column.ndim == 2 and not column.is_floating_point():
            width = length or column.shape[1]
            changed[name] = column[:, :1].clamp(min=1).expand(-1, width).contiguous()
    return changed


def _speeds(values: torch.Tensor) -> torch.Tensor | None:
    """Returns the angular frequency of each channel, (..., channels) in radians.

    Returns:
        None unless every channel is a wave: `a * cos(frequency * position + b)`.
    """
    before, here, after = values[..., :-2, :], values[..., 1:-1, :], values[..., 2:, :]
    # cos(x - s) + cos(x + s) = 2 cos(s) cos(x)
    share = ((before + after) * here).sum(-2) / (2 * here.square().sum(-2) + 1e-30)
    rest = before + after - 2 * share.unsqueeze(-2) * here
    if rest.abs().max() > _TOLERANCE * values.abs().max() or share.abs().max() > 1.01:
        return None
    return share.clamp(-1, 1).arccos()


def _rates(angles: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yields how much each column of a table grows from one position to the next.

    Yields nothing if a column's values are not equally spaced. Several rows may belong
    to one position, such as a row of pixels.
    """
    table = angles.detach().squeeze().double()
    if table.ndim != 2 or table.shape[0] < _LEAST_ROWS or table.shape[1] < 2:
        return
    rates: list[float] = []
    for column in table.T:
        scale = column.abs().max().item()
        values = torch.unique((column / (scale or 1.0)).mul(1e6).round()).div(1e6)
        steps = values.diff()
        if len(steps) and (len(steps) < 3 or steps.std() > 1e-2 * steps.mean()):
            return
        rates.append(steps.mean().item() * scale if len(steps) else 0.0)
    if any(rates):
        yield torch.tensor(rates)


def _slopes(scores: torch.Tensor) -> Iterator[tuple[str, float]]:
    """Returns the slope of each head whose scores are linear on one side."""
    last = scores.shape[-1] - 1
    rows = scores.reshape(-1, *scores.shape[-2:])
    for row in rows:
        for side, line in (("before it", row[last].flip(0)), ("after it", row[0])):
            steps = line.diff()
            if (line < _EXCLUDED).any() or not steps.isfinite().all():
                continue
            slope = steps.mean().item()
            scale = line.abs().max().item()
            is_line = (steps - slope).abs().max().item() <= 1e-6 * scale
            if is_line and abs(slope) > 1e-4 * scale:
                yield side, slope


class _Waves(TorchFunctionMode):
    """Records the arguments of sines and cosines."""

    def __init__(self) -> None:
        super().__init__()
        self.angles: list[torch.Tensor] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func in _WAVES and len(args) > _WAVES[func]:
            self.angles.append(args[_WAVES[func]])
        return func(*args, **(kwargs or {}))
