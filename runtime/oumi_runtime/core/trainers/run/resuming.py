"""What of a config may change between a checkpoint and going on from it.

The files of the data may change in nothing.
"""

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import ChangedConfigError

# What is written, shown and measured, where and how fast; not what is computed.
_HARMLESS = (
    "training.output_dir",
    "training.run_name",
    "training.log_*",
    "training.dep_log_level",
    "training.logging_*",
    "training.enable_tensorboard",
    "training.enable_wandb",
    "training.enable_mlflow",
    "training.save_*",
    "training.metric_for_best_model",
    "training.greater_is_better",
    "training.eval_*",
    "training.per_device_eval_batch_size",
    "training.metrics_function",
    "training.include_*",
    "training.resume_from_checkpoint",
    "training.try_resume_from_last_checkpoint",
    "training.force_resume",
    "training.max_minutes",
    "training.max_bad_steps",
    "training.dataloader_*",
    "training.empty_device_cache_steps",
    "training.nccl_default_timeout_minutes",
    "training.callbacks*",
    "data.on_bad_sample",
    "data.max_bad_samples",
    "training.profiler.*",
    "training.telemetry.*",
    "model.device_map",
    "data.validation.*",
    "data.test.*",
)
_LENGTH = ("training.max_steps", "training.num_train_epochs")
_MISSING = "nothing"


def changes(saved: Any, now: Any) -> list[str]:
    """The fields that would make the result another one, with both values.

    Args:
        saved: The config of the checkpoint, as dicts, lists and plain values.
        now: The config to go on with.

    Returns:
        Such as `training.seed is 42 in the checkpoint and 43 now`.
    """
    constant = _value(now, "training.lr_scheduler_type") == "constant"
    found = []
    for key, before, after in _differences(saved, now, ()):
        # Only a schedule makes the first steps depend on how many there will be.
        if any(fnmatch.fnmatchcase(key, pattern) for pattern in _HARMLESS):
            continue
        if constant and key in _LENGTH:
            continue
        found.append(f"{key} is {before!r} in the checkpoint and {after!r} now")
    return found


def refuse_changes(
    checkpoint: Path, saved: dict[str, Any], now: dict[str, Any], *, force: bool
) -> None:
    """Refuses to go on where the result would be another one.

    Args:
        checkpoint: What to go on from.
        saved: Its `config`, and the fingerprints of its `data` and `evaluation_data`
            by path.
        now: The same, as they are now.
        force: Whether to say it and go on.

    Raises:
        ChangedConfigError: Names what differs.
    """
    found = changes(saved.get("config"), now.get("config"))
    found += [
        f"the data in {path} has changed"
        for path in _other_files(saved.get("data"), now.get("data"))
    ]
    # The weights do not depend on it, as they do not on its section of the config.
    for path in _other_files(saved.get("evaluation_data"), now.get("evaluation_data")):
        logger.warning(
            "the evaluation data in %s has changed; evaluations from here on do not "
            "compare with those before",
            path,
        )
    if not found:
        return
    if not force:
        raise ChangedConfigError(checkpoint, found)
    for change in found:
        logger.warning("resuming although %s", change)


def _other_files(saved: Any, now: Any) -> list[str]:
    """The paths whose fingerprints differ, where both are known."""
    if not isinstance(saved, dict) or not isinstance(now, dict):
        return []
    return [path for path in saved if path in now and saved[path] != now[path]]


def _differences(
    saved: Any, now: Any, key: tuple[str, ...]
) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(saved, dict) and isinstance(now, dict):
        for name in sorted(saved.keys() | now.keys()):
            inner = (*key, str(name))
            # A field that one of two versions does not have.
            yield from _differences(
                saved.get(name, _MISSING), now.get(name, _MISSING), inner
            )
    elif isinstance(saved, list) and isinstance(now, list) and len(saved) == len(now):
        for position, (before, after) in enumerate(zip(saved, now, strict=True)):
            yield from _differences(before, after, (*key, str(position)))
    elif saved != now:
        yield ".".join(key), saved, now


def _value(tree: Any, key: str) -> Any:
    for name in key.split("."):
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree
