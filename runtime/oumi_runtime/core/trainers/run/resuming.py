"""Decides which config changes are allowed when resuming from a checkpoint.

The data files must not change at all.
"""

import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oumi_runtime.core.log import logger
from oumi_runtime.exceptions import ChangedConfigError

# These affect what is saved, logged and evaluated, and the speed, but not the result.
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
    """Returns the changes that would affect the result.

    Args:
        saved: The config of the checkpoint, as dicts, lists and plain values.
        now: The config to resume with.

    Returns:
        Such as `training.seed is 42 in the checkpoint and 43 now`.
    """
    constant = _value(now, "training.lr_scheduler_type") == "constant"
    found = []
    for key, before, after in _differences(saved, now, ()):
        # Without a schedule, steps do not depend on how many there will be.
        if any(fnmatch.fnmatchcase(key, pattern) for pattern in _HARMLESS):
            continue
        if constant and key in _LENGTH:
            continue
        found.append(f"{key} is {before!r} in the checkpoint and {after!r} now")
    return found


def refuse_changes(
    checkpoint: Path, saved: dict[str, Any], now: dict[str, Any], *, force: bool
) -> None:
    """Raises if resuming would give a different result.

    Args:
        checkpoint: The checkpoint to resume from.
        saved: Its `config`, and the fingerprints of its `data` and `evaluation_data`
            by path.
        now: The current ones.
        force: Whether to only warn.

    Raises:
        ChangedConfigError: Lists the differences.
    """
    found = changes(saved.get("config"), now.get("config"))
    found += [
        f"the data in {path} has changed"
        for path in changed_files(saved.get("data"), now.get("data"))
    ]
    # The weights do not depend on this data.
    files, files_now = saved.get("evaluation_data"), now.get("evaluation_data")
    for path in changed_files(files, files_now):
        logger.warning(
            "the evaluation data in %s has changed; later evaluations are not "
            "comparable with earlier ones",
            path,
        )
    if not found:
        return
    if not force:
        raise ChangedConfigError(checkpoint, found)
    for change in found:
        logger.warning("resuming although %s", change)


def changed_files(saved: Any, now: Any) -> list[str]:
    """Returns the paths whose fingerprints differ, as far as both are known."""
    if not isinstance(saved, dict) or not isinstance(now, dict):
        return []
    return [path for path in saved if path in now and saved[path] != now[path]]


def _differences(
    saved: Any, now: Any, key: tuple[str, ...]
) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(saved, dict) and isinstance(now, dict):
        for name in sorted(saved.keys() | now.keys()):
            inner = (*key, str(name))
            # One of the two versions may not have the field.
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
