"""How many samples a run has left out because they cannot be used, and how many it may.

A sample counts once, however often its turn comes.
"""

from collections.abc import Iterable
from typing import Any

from oumi_runtime.core.datasets.rows import LeftOut
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import TooManyBadSamplesError

_NUM_NAMED = 5
_BETWEEN_LINES = 100


class BadSamples:
    """The samples that one process has left out."""

    def __init__(self, limit: int) -> None:
        """Initializes the count with the maximum number."""
        self._limit = limit
        self._reasons: dict[str, str] = {}

    @property
    def count(self) -> int:
        """The number of bad samples."""
        return len(self._reasons)

    def leave_out(self, samples: Iterable[LeftOut]) -> None:
        """Counts samples; the first few are logged by name, then every hundredth.

        Raises:
            TooManyBadSamplesError: There are more than the limit.
        """
        for where, reason in samples:
            if where in self._reasons:
                continue
            self._reasons[where] = reason
            if self.count > self._limit:
                raise TooManyBadSamplesError(self._limit, where, reason)
            if self.count <= _NUM_NAMED or self.count % _BETWEEN_LINES == 0:
                logger.warning(
                    "left out a sample (%s): %s: %s", self.count, where, reason
                )

    def described(self) -> dict[str, Any]:
        """Returns the record's entry: the `count`, and the `first` with reasons."""
        first = [f"{where}: {why}" for where, why in self._reasons.items()]
        return {"count": self.count, "first": first[:_NUM_NAMED]}

    def state_dict(self) -> dict[str, Any]:
        """Returns the state that a resumed run needs."""
        return {"reasons": self._reasons}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state, and adds what was read since the start."""
        self._reasons = {**state["reasons"], **self._reasons}
