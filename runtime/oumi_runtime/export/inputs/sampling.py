"""Batches to trace an export with, and to compare it on with the model itself.

They are from the run's own data; or made, if that is not here any more.
"""

import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from oumi_runtime.builders import prepare_split, read_split
from oumi_runtime.builders.training.batches import build_eval_batches
from oumi_runtime.core.configs import DatasetSplit
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.targets import needed_targets, targets_of
from oumi_runtime.exceptions import ExportError, OumiRuntimeError
from oumi_runtime.export.inference import Inputs
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.testing.random_batches import derived_batches

_MOST_ROWS = 5
_LABELS = "labels"
_IDS, _MASK, _DECODER_IDS = "input_ids", "attention_mask", "decoder_input_ids"


@dataclass(frozen=True)
class Samples:
    """Inputs of a model, in several sizes."""

    inputs: list[Batch]
    """What forward takes, without targets; the first to trace with. Its numbers of rows
    and of tokens are unlike each other, and greater than 1."""
    targets: Inputs
    """What only the loss needs of the first batch, such as labels, as far as the data
    has any."""
    are_made: bool
    """Whether they are made up, since the data of the run cannot be read."""
    are_cut: bool
    """Whether the batches differ in the length of their texts."""

    @property
    def texts(self) -> set[str]:
        """The names of the inputs that have a sequence of tokens in each row."""
        return {name for name, column in self.inputs[0].items() if _is_text(column)}


def sample_batches(run: TrainedRun) -> Samples:
    """Takes or makes batches of several sizes.

    Raises:
        ExportError: Nothing is known about the model's inputs, or it takes none of
            them.
    """
    batch, are_made = _batch_of(run)
    given = _taken(run.model, batch)
    names = targets_of(run.model, given)
    inputs = {name: column for name, column in given.items() if name not in names}
    if not inputs:
        found = ", ".join(batch) or "nothing"
        raise ExportError(
            run.name, "anything", f"its forward takes nothing of its data, {found}"
        )
    _require_no_targets(run, given)
    targets = {name: given[name] for name in names}
    whole, targets = _distinct(
        _completed(run.model, inputs, targets.get(_LABELS)), targets
    )
    smaller = _cut(whole)
    are_cut = bool(smaller) and _accepts(run.model, smaller)
    few = smaller if are_cut else whole
    one = {name: column[:1] for name, column in whole.items()}
    two = {name: column[:2] for name, column in few.items()}
    return Samples([whole, two, one], targets, are_made, are_cut)


def _require_no_targets(run: TrainedRun, batch: Batch) -> None:
    for name in sorted(needed_targets(run.model, batch)):
        raise ExportError(
            run.name,
            "anything",
            f"its forward requires {name!r}, which only its loss reads; write "
            f"{name}=None in its signature, and compute the loss only if it is given",
        )


def _batch_of(run: TrainedRun) -> tuple[Inputs, bool]:
    """Returns a batch with labels, and whether it is made up."""
    for batch in _read(run):
        return {
            name: column.cpu()
            for name, column in batch.items()
            if isinstance(column, torch.Tensor)
        }, False
    try:
        make = derived_batches(lambda: run.model)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return dict(make(_MOST_ROWS)), True
    except OumiRuntimeError as error:
        raise ExportError(
            run.name, "anything", f"its data cannot be read, and {error}"
        ) from error


def _read(run: TrainedRun) -> Iterator[Batch]:
    """Yields the first batch of each split that can be read."""
    config = replace(
        run.config,
        training=replace(
            run.config.training,
            per_device_eval_batch_size=_MOST_ROWS,
            dataloader_num_workers=0,
            fast_dev_run=False,
        ),
    )
    cpu = torch.device("cpu")
    for split in (DatasetSplit.TEST, DatasetSplit.VALIDATION, DatasetSplit.TRAIN):
        if not config.data.get_split(split).datasets:
            continue
        with contextlib.suppress(OumiRuntimeError, OSError, StopIteration):
            data = read_split(config, split)
            dataset = prepare_split(data, config, split, run.preprocessing)
            batch, _ = next(iter(build_eval_batches(dataset, config.training, cpu)))
            yield batch


def _taken(model: nn.Module, batch: Batch) -> Batch:
    """Returns what forward takes, in the order of its arguments."""
    parameters = inspect.signature(model.forward).parameters
    named = {name: batch[name] for name in parameters if name in batch}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    # One that names some of its arguments passes others on, or over.
    return dict(batch) if takes_any and not named else named


def _takes(model: nn.Module, name: str) -> bool:
    return name in inspect.signature(model.forward).parameters


def _completed(model: nn.Module, batch: Batch, labels: torch.Tensor | None) -> Batch:
    """Adds what batches leave out: the mask of texts, and the target so far."""
    ids = batch.get(_IDS)
    if ids is None:
        return batch
    batch = dict(batch)
    if _takes(model, _MASK) and _MASK not in batch:
        batch[_MASK] = torch.ones_like(ids)
    if _takes(model, _DECODER_IDS) and _DECODER_IDS not in batch:
        if labels is not None and labels.ndim == 2:
            rest = labels[:, :-1].clamp(min=0)
        else:
            rest = ids[:, : max(1, ids.shape[1] // 2)]
        start = ids.new_zeros(len(ids), 1)
        batch[_DECODER_IDS] = torch.cat([start, rest], dim=1)
    return batch


def _distinct(batch: Batch, targets: Inputs) -> tuple[Batch, Inputs]:
    """Returns both with a number of rows that no other size is.

    Tracing takes equal sizes for the same size, and a size of 1 for a constant.
    """
    source, target = batch.get(_IDS), batch.get(_DECODER_IDS)
    if source is not None and target is not None and source.shape == target.shape:
        batch = {**batch, _DECODER_IDS: torch.cat([target, target[:, -1:]], dim=1)}
    others = {size for column in batch.values() for size in column.shape[1:]}
    rows = next(n for n in range(_MOST_ROWS, 10**6) if n not in others)
    index = torch.arange(rows) % len(next(iter(batch.values())))
    return (
        {name: column[index] for name, column in batch.items()},
        {name: column[index] for name, column in targets.items()},
    )


def _cut(batch: Batch) -> Batch:
    """Returns the batch with shorter texts; empty if it has none to shorten."""
    if not any(_is_text(column) and column.shape[1] > 1 for column in batch.values()):
        return {}
    return {
        name: column[:, : (column.shape[1] + 1) // 2] if _is_text(column) else column
        for name, column in batch.items()
    }


def _is_text(column: torch.Tensor) -> bool:
    return column.ndim == 2 and not column.is_floating_point()


def _accepts(model: nn.Module, batch: Batch) -> bool:
    with contextlib.suppress(Exception), torch.inference_mode():
        model(**batch)
        return True
    return False
