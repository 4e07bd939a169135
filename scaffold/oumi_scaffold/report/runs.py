"""What a training run left in its folder: its record and its metrics.

The files are read as data, and may be incomplete: a run may still be going on, or have
been killed within a line.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

from oumi_scaffold.exceptions import NoRunError

RECORD_FILE, METRICS_FILE = "run.json", "metrics.jsonl"


class Curve(NamedTuple):
    """A metric over the steps of a run; at least one value, all finite."""

    steps: tuple[float, ...]
    values: tuple[float, ...]

    @property
    def lowest(self) -> tuple[float, float]:
        """The lowest value, and its step."""
        return min(zip(self.values, self.steps, strict=True))

    @property
    def highest(self) -> tuple[float, float]:
        """The highest value, and its first step."""
        pairs = zip(self.values, self.steps, strict=True)
        return max(pairs, key=lambda pair: (pair[0], -pair[1]))


class Run(NamedTuple):
    """One training run."""

    name: str
    record: Mapping[str, Any]
    """The content of `run.json`, with at least one session."""
    curves: Mapping[str, Curve]
    """By metric, in the order in which they were first logged."""

    @property
    def sessions(self) -> list[dict[str, Any]]:
        """The times that the run was started or resumed."""
        return list(self.record["sessions"])

    @property
    def state(self) -> str:
        """How the run ended, in words."""
        return str(self.sessions[-1].get("exit_reason") or "did not end")

    @property
    def step(self) -> int:
        """The last step that is known of."""
        logged = [curve.steps[-1] for curve in self.curves.values()]
        ended = self.sessions[-1].get("global_step")
        return int(max([*logged, ended if isinstance(ended, int) else 0]))

    @property
    def duration(self) -> timedelta | None:
        """The time of all sessions together; None if one of them has no end."""
        total = timedelta()
        for session in self.sessions:
            try:
                began, ended = (
                    datetime.fromisoformat(session[key]) for key in ("started", "ended")
                )
                total += ended - began
            except (KeyError, TypeError, ValueError):
                return None
        return total

    @property
    def settings(self) -> dict[str, str]:
        """The values of the config by key, such as `training.seed`, as JSON."""
        return dict(_flattened(self.record.get("config"), ""))


def runs_in(folder: Path) -> list[Path]:
    """Returns the folders of runs directly in a folder, by name.

    If it is that of a run, or holds none, it is returned itself.
    """
    if (folder / RECORD_FILE).exists():
        return [folder]
    return sorted(each.parent for each in folder.glob(f"*/{RECORD_FILE}")) or [folder]


def read_run(folder: Path) -> Run:
    """Reads what a run left.

    Args:
        folder: The output folder of a training.

    Raises:
        NoRunError: It has no record of a run that can be read.
    """
    try:
        record = json.loads((folder / RECORD_FILE).read_bytes())
        sessions = record["sessions"]
        if not sessions or not all(isinstance(each, dict) for each in sessions):
            raise ValueError("no sessions")
    except FileNotFoundError as error:
        reason = f"it has no {RECORD_FILE}; give the output folder of a training"
        raise NoRunError(str(folder), reason) from error
    except OSError as error:
        raise NoRunError(str(folder), error.strerror or str(error)) from error
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        reason = f"its {RECORD_FILE} is damaged ({error})"
        raise NoRunError(str(folder), reason) from error
    return Run(str(folder), record, _curves(folder / METRICS_FILE))


def _curves(path: Path) -> dict[str, Curve]:
    points: dict[str, list[tuple[float, float]]] = {}
    for row in _rows(path):
        step = row.pop("step")
        for name, value in row.items():
            if name != "epoch" and _is_number(value):
                points.setdefault(name, []).append((step, value))
    return {
        name: Curve(*zip(*sorted(pairs), strict=True)) for name, pairs in points.items()
    }


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return  # A run that has logged nothing yet.
    for line in text.splitlines():
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue  # The last line of a killed process.
        if isinstance(row, dict) and _is_number(cast(Any, row).get("step")):
            yield cast(dict[str, Any], row)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _flattened(value: Any, key: str) -> Iterator[tuple[str, str]]:
    inner: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        named = cast(dict[str, Any], value).items()
        inner = [(f"{key}.{name}" if key else name, each) for name, each in named]
    elif isinstance(value, list):
        items = cast(list[object], value)
        if dict in map(type, items):
            inner = [(f"{key}[{place}]", each) for place, each in enumerate(items)]
    for name, each in inner:
        yield from _flattened(each, name)
    if not inner and key:
        yield key, json.dumps(value, ensure_ascii=False)
