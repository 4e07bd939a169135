"""How many samples a run has left out because they cannot be used, and how many it may.

A sample counts once, however often its turn comes.
"""

from collections.abc import Iterable
from typing import Any

from oumi_runtime.core.datasets.rows.reading import LeftOut
from oumi_runtime.core.distributed import all_gather_object
from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import TooManyBadSamplesError

_NUM_NAMED = 5
_BETWEEN_LINES = 100


class BadSamples:
    """The samples that have been left out; each process counts its own."""

    def __init__(self, limit: int) -> None:
        """Initializes the count with the maximum number."""
        self._limit = limit
        self._reasons: dict[str, str] = {}
        self._reasons_elsewhere: dict[str, str] = {}

    @property
    def count(self) -> int:
        """The number of bad samples, of all processes as far as gathered."""
        return len(self._of_all)

    @property
    def _of_all(self) -> dict[str, str]:
        return {**self._reasons_elsewhere, **self._reasons}

    def gather(self) -> int:
        """Returns the number in all processes; each of them must call this.

        Raises:
            TooManyBadSamplesError: There are more than the limit.
        """
        for reasons in all_gather_object(self._reasons):
            self._reasons_elsewhere |= reasons
        found = self._of_all
        if len(found) > self._limit:
            where = list(found)[self._limit]
            raise TooManyBadSamplesError(self._limit, where, found[where])
        return len(found)

    def leave_out(self, samples: Iterable[LeftOut]) -> None:
        """Counts samples; the first few are logged by name, then every hundredth.

        Raises:
            TooManyBadSamplesError: There are more than the limit.
        """
        for where, reason in samples:
            if where in self._reasons:
                continue
            self._reasons[where] = reason
            count = len(self._reasons)
            if count > self._limit:
                raise TooManyBadSamplesError(self._limit, where, reason)
            if count <= _NUM_NAMED or count % _BETWEEN_LINES == 0:
                logger.warning("left out a sample (%s): %s: %s", count, where, reason)

    def described(self) -> dict[str, Any]:
        """Returns the record's entry: the `count`, and the `first` with reasons."""
        first = [f"{where}: {why}" for where, why in self._of_all.items()]
        return {"count": self.count, "first": first[:_NUM_NAMED]}

    def state_dict(self) -> dict[str, Any]:
        """Returns the state that a resumed run needs."""
        return {"reasons": self._reasons}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state, and adds what was read since the start."""
        self._reasons = {**state["reasons"], **self._reasons}
