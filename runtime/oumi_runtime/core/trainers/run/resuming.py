"""Decides which config changes are allowed when resuming from a checkpoint.

The data files must not change at all.
"""

import fnmatch
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.checking import examine
from oumi_runtime.core.configs.params.base_params import to_tree
from oumi_runtime.core.configs.places import Places
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
# These make up the samples of a step, together with the number of processes.
_STEP_SIZE = (
    "training.per_device_train_batch_size",
    "training.gradient_accumulation_steps",
)
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
        if any(fnmatch.fnmatchcase(key, pattern) for pattern in _HARMLESS):
            continue
        # Without a schedule, steps do not depend on how many there will be.
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
    found = changes(as_read_now(saved.get("config")), now.get("config"))
    if (sizes := _step_samples(saved)) and (sizes_now := _step_samples(now)):
        found = _without_step_size(found)
        if sizes[0] != sizes_now[0]:
            found.append(
                f"a step has {_listed(sizes)} in the checkpoint and "
                f"{_listed(sizes_now)} now"
            )
        elif sizes != sizes_now:
            logger.info(
                "the %s samples of a step are %s now, and were %s; losses agree up to "
                "rounding, and dropout draws other numbers",
                *(sizes[0], _listed(sizes_now), _listed(sizes)),
            )
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


def as_read_now(config: Any) -> Any:
    """Returns a saved config with the defaults of fields that it was saved without.

    An older version may not have had them. One that cannot be read is left as it is.
    """
    read, _ = examine(TrainingConfig, config, Places())
    if read is None or not isinstance(config, dict):
        return config
    # Through JSON, as it was saved.
    return json.loads(json.dumps(to_tree(read), default=str))


def _step_samples(described: dict[str, Any]) -> tuple[int, int, int, int] | None:
    """Returns the samples of a step, a micro-batch, how many, and the processes."""
    sizes = [_value(described.get("config"), key) for key in _STEP_SIZE]
    sizes.append(described.get("processes"))
    if not all(isinstance(size, int) for size in sizes):
        return None  # Saved by an older version, or without a config.
    return math.prod(sizes), *sizes


def _listed(sizes: tuple[int, int, int, int]) -> str:
    total, batch, accumulated, processes = sizes
    return f"{total} samples ({batch} x {accumulated} x {processes} processes)"


def _without_step_size(found: list[str]) -> list[str]:
    return [each for each in found if not each.startswith(_STEP_SIZE)]


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
