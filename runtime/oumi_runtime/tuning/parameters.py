"""What to search: keys of a config, each with the values that it may have."""

import math
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import SearchRangeError

if TYPE_CHECKING:
    from optuna.trial import Trial

_LOG = ":log"
# Of a range as wide, drawn evenly, nine of ten values are of the largest magnitude.
_WIDE = 100.0
_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class SearchedKey:
    """One key of a config, and its values."""

    key: str
    """Such as `training.learning_rate`."""
    choices: tuple[str, ...] = ()
    """The values to choose from, as they are written in a config."""
    low: float = 0.0
    """The lowest value, if there are no choices."""
    high: float = 0.0
    """The highest value."""
    is_whole: bool = False
    """Whether only whole numbers are tried."""
    is_log: bool = False
    """Whether the logarithm is drawn evenly, in place of the value."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The values that show whether the config takes all of them."""
        return self.choices or (self._written(self.low), self._written(self.high))

    def suggest(self, trial: "Trial") -> str:
        """Returns the value that a trial should have, as it is written in a config."""
        if self.choices:
            return str(trial.suggest_categorical(self.key, self.choices))
        if self.is_whole:
            low, high = int(self.low), int(self.high)
            return str(trial.suggest_int(self.key, low, high, log=self.is_log))
        drawn = trial.suggest_float(self.key, self.low, self.high, log=self.is_log)
        return self._written(drawn)

    def as_json(self) -> dict[str, Any]:
        """Returns the fields, as JSON can hold them."""
        return {**asdict(self), "choices": list(self.choices)}

    def _written(self, value: float) -> str:
        # Enough digits for any search, and few enough to be read and typed.
        return str(int(value)) if self.is_whole else f"{value:.6g}"


def searched_key(text: str) -> SearchedKey:
    """Parses what to search.

    Args:
        text: `KEY=A,B,C` for choices, `KEY=LOW..HIGH` for a range, whole if both ends
            are, and `KEY=LOW..HIGH:log` for one that is drawn by its logarithm.

    Raises:
        SearchRangeError: It is none of these, or the range is empty.
    """
    key, equals, values = (part.strip() for part in text.partition("="))
    if not equals or "." not in key or not values:
        raise SearchRangeError(
            f"cannot search {text!r}: write SECTION.KEY=A,B,C or "
            "SECTION.KEY=LOW..HIGH, with :log for a range of several magnitudes"
        )
    if ".." not in values:
        choices = tuple(part.strip() for part in values.split(","))
        if "" in choices or len(set(choices)) < 2:
            raise SearchRangeError(
                f"cannot search {text!r}: give at least two choices, or LOW..HIGH"
            )
        return SearchedKey(key, choices)
    is_log = values.endswith(_LOG)
    ends = [part.strip() for part in values.removesuffix(_LOG).split("..")]
    try:
        low, high = map(float, ends)
    except ValueError:
        raise SearchRangeError(
            f"cannot search {text!r}: LOW and HIGH have to be two numbers"
        ) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise SearchRangeError(
            f"cannot search {text!r}: LOW has to be less than HIGH, and both finite"
        )
    if is_log and low <= 0:
        raise SearchRangeError(
            f"cannot search {text!r}: a range with :log has to begin above 0"
        )
    if low > 0 and high >= _WIDE * low and not is_log:
        logger.info(
            "%s is drawn evenly from %s to %s; add :log to draw its magnitude evenly",
            key,
            *ends,
        )
    is_whole = all(_WHOLE.fullmatch(end) for end in ends)
    return SearchedKey(key, low=low, high=high, is_whole=is_whole, is_log=is_log)
