"""The files in an output folder, and moving those of earlier runs aside."""

from pathlib import Path

from oumi_runtime.core.files import sync
from oumi_runtime.core.log import logger
from oumi_runtime.core.trainers.checkpoints.manifest import CHECKPOINT_NAME
from oumi_runtime.core.trainers.run.record import RECORD_FILENAME

CONFIG_FILENAME = "config.yaml"
METRICS_FILENAME = "metrics.jsonl"
_WRITTEN_AT_START = (
    CONFIG_FILENAME,
    RECORD_FILENAME,
    "tokenizer.json",
    "labels.json",
    "features.json",
)
_RUN_FILES = (
    *_WRITTEN_AT_START,
    "checkpoint-*",
    METRICS_FILENAME,
    "model.safetensors",
    "config.json",
    "adapter_model.safetensors",
    "adapter_config.json",
    "not_finite.json",
)


def move_earlier_run(output_dir: Path) -> None:
    """Moves the files of an earlier run to `previous-N`, so that two runs never mix.

    Only files and folders that a run writes are moved. What is left of one that failed
    before it logged or saved anything is deleted.
    """
    earlier = [path for pattern in _RUN_FILES for path in output_dir.glob(pattern)]
    names = {path.name for path in earlier if path.stat().st_size}
    if RECORD_FILENAME in names and names <= {*_WRITTEN_AT_START}:
        for path in earlier:
            path.unlink()
    elif earlier:
        _move(earlier, output_dir)


def move_later_checkpoints(output_dir: Path, resumed_from: Path) -> None:
    """Moves checkpoints newer than the one being resumed from to `previous-N`.

    They belong to a different continuation of the run.
    """
    name = CHECKPOINT_NAME.fullmatch(resumed_from.name)
    if name is None or resumed_from.resolve().parent != output_dir.resolve():
        return
    later = [
        path
        for path in output_dir.glob("checkpoint-*")
        if (match := CHECKPOINT_NAME.fullmatch(path.name))
        and int(match.group(1)) > int(name.group(1))
    ]
    if later:
        _move(later, output_dir)


def _move(paths: list[Path], output_dir: Path) -> None:
    number = 1
    while (output_dir / f"previous-{number}").exists():
        number += 1
    target = output_dir / f"previous-{number}"
    target.mkdir()
    for path in paths:
        path.replace(target / path.name)
    sync(output_dir)
    logger.info("moved %s of an earlier run to %s", _listed(paths), target)


def _listed(paths: list[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{len(paths)} files and folders"
