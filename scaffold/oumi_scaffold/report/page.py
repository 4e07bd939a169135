"""Renders the page; what it says of each run is worked out here."""

import json
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, StrictUndefined

from oumi_scaffold import __version__
from oumi_scaffold.report.pictures import pictures
from oumi_scaffold.report.runs import Run
from oumi_templates.catalog import REPORT

MARK = b"<!-- Written by oumi-scaffold report"
"""What a page begins with."""

_ALWAYS_DIFFERENT = {"training.output_dir", "training.run_name"}
_SHOWN_OF_RECORD = ("overrides", "versions", "hardware", "git", "data")


def page(runs: Sequence[Run]) -> bytes:
    """Renders the page about runs; it needs no other file and no network.

    Args:
        runs: The runs, at least one.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(REPORT.read_text(encoding="utf-8"))
    text = template.render(
        version=__version__,
        runs=[_summary(run) for run in runs],
        metrics=_metrics(runs),
        differences=_differences([run.settings for run in runs]),
        pictures={
            title: b64encode(picture).decode()
            for title, picture in pictures(runs).items()
        },
    )
    return text.encode()


def _summary(run: Run) -> dict[str, Any]:
    duration = run.duration
    return {
        "name": run.name,
        "model": json.loads(run.settings.get("model.model_name", '""')),
        "state": run.state,
        "step": run.step,
        "duration": "" if duration is None else str(duration),
        "sessions": [_session(session) for session in run.sessions],
        "settings": run.settings,
        "record": {
            key: json.dumps(run.record[key], indent=1, ensure_ascii=False)
            for key in _SHOWN_OF_RECORD
            if run.record.get(key)
        },
    }


def _session(session: Mapping[str, Any]) -> dict[str, str]:
    command = session.get("command")
    words = cast(list[object], command) if isinstance(command, list) else []
    program, *arguments = [str(word) for word in words] or [""]
    return {
        "started": _moment(session.get("started")),
        "ended": _moment(session.get("ended")),
        "step": str(session.get("global_step") or ""),
        "reason": str(session.get("exit_reason") or "did not end"),
        "resumed_from": str(session.get("resumed_from") or ""),
        "command": shlex.join([Path(program).name, *arguments]) if words else "",
    }


def _moment(recorded: object) -> str:
    """Returns a recorded time to the second, in UTC; as it is if it is none."""
    try:
        moment = datetime.fromisoformat(str(recorded or "")).astimezone(UTC)
    except ValueError:
        return str(recorded or "")
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _metrics(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Returns a row for each metric and run: its last, lowest and highest value."""
    names = {name: None for run in runs for name in run.curves}
    return [
        {
            "metric": name,
            "run": run.name,
            "last": _shown(curve.values[-1], curve.steps[-1]),
            "lowest": _shown(*curve.lowest),
            "highest": _shown(*curve.highest),
        }
        for name in names
        for run in runs
        if (curve := run.curves.get(name)) is not None
    ]


def _shown(value: float, step: float) -> str:
    return f"{value:.5g} (step {step:,.0f})"


def _differences(settings: Sequence[Mapping[str, str]]) -> list[tuple[str, list[str]]]:
    """Returns the keys whose values are not the same in all configs, with these."""
    keys = {key: None for each in settings for key in each}
    rows = [(key, [each.get(key, "") for each in settings]) for key in keys]
    return [
        (key, values)
        for key, values in rows
        if len(set(values)) > 1 and key not in _ALWAYS_DIFFERENT
    ]
