"""The subclass of transformers.Trainer that reads our batches and writes our files."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_model
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

from oumi_runtime.core.datasets import ColumnDataset, RowCollator, RowReader
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.datasets.rows.parent_watch import end_with_parent
from oumi_runtime.core.datasets.rows.seeding import SeededRows, seed_of_part
from oumi_runtime.core.distributed import (
    all_gather_object,
    all_reduce_sum,
    get_rank,
    get_world_size,
    is_distributed,
)
from oumi_runtime.core.models.saved_form import WEIGHTS_FILENAME
from oumi_runtime.core.trainers.base_trainer import STATE_NAME, BaseTrainer
from oumi_runtime.core.trainers.batches.map_batches import epoch_order
from oumi_runtime.core.trainers.batches.micro_batches import count_targets, without_nan
from oumi_runtime.core.trainers.batches.stream_batches import StreamBatches
from oumi_runtime.core.trainers.checkpoints.state_files import (
    load_state_tree,
    random_state,
    set_random_state,
)
from oumi_runtime.core.trainers.model_calls import loss_to_train_on, outputs_of
from oumi_runtime.exceptions import CheckpointError

# Keeps a step without a target from dividing by zero. Below any other number of
# targets, which is divided by the number of processes.
_LEAST_TARGETS = 1e-6


class HuggingFaceLoop(transformers.Trainer):
    """transformers.Trainer with our batches, loss scaling and checkpoint format."""

    def __init__(self, owner: BaseTrainer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._owner = owner
        self._loss_since_save: torch.Tensor | float = 0.0
        # `compute_loss` weighs each micro-batch itself. Without these two, a model that
        # takes **kwargs would train on the sum of the micro-batches' losses.
        self.model_accepts_loss_kwargs = True
        self.loss_is_scaled_for_ga = True

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Returns the batches in the native trainer's order."""
        batches = self._owner.parts.train_batches
        if isinstance(batches, StreamBatches):
            return DataLoader(_StreamEpoch(self._owner), batch_size=None)
        dataset = batches.dataset
        seed = self._owner.params.data_seed
        rows = SeededRows(RowReader(dataset), seed)
        reader: Dataset[Any] = rows
        collate: Callable[[Any], Any] = RowCollator(dataset)
        if isinstance(dataset, ColumnDataset):
            reader, collate = _BatchDataset(dataset), _identity
        loader = DataLoader(
            reader,
            batch_size=self._train_batch_size,
            sampler=_EpochSampler(batches.num_samples, seed, rows),
            collate_fn=collate,
            num_workers=batches.loading.num_workers,
            pin_memory=self.args.dataloader_pin_memory,
            worker_init_fn=end_with_parent,
            # Without one it would draw from the stream that dropout uses.
            generator=torch.Generator().manual_seed(seed),
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: Any) -> Any:
        total = torch.stack([self._num_targets(batch) for batch in batch_samples]).sum()
        # Gradients are averaged over processes; see `loss_weights`.
        return all_reduce_sum(total) / get_world_size() if is_distributed() else total

    def _num_targets(self, batch: Batch) -> torch.Tensor:
        return count_targets(batch, self._owner.parts.train_batches.ignore_index)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Returns the micro-batch's share of the mean loss over the whole step."""
        share = None
        if num_items_in_batch is not None:
            count = self._num_targets(inputs)
            total = num_items_in_batch.to(count.device)
            share = count / total.clamp(min=_LEAST_TARGETS)
            ignore_index = self._owner.parts.train_batches.ignore_index
            inputs = without_nan(inputs, share, ignore_index)
        outputs = outputs_of(model, self._owner.model, inputs)
        loss = loss_to_train_on(outputs, self._owner.model)
        if share is not None:
            loss = loss * share
        self._loss_since_save = self._loss_since_save + loss.detach()
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Evaluates as the native trainer does."""
        metrics = self._owner.evaluate()
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def save_training_state(self) -> None:
        """Writes a checkpoint in our format, with the state that transformers keeps."""
        self._owner.check_finite(float(self._loss_since_save))
        self._loss_since_save = 0.0
        tree = {
            "trainer": "hf",
            "progress": self._owner.state.state_dict(),
            "optimizer": self._owner.optimizer.state_dict(),
            "scheduler": self._owner.scheduler.state_dict(),
            "random": all_gather_object(random_state()),
            "callbacks": self._owner.callback_states(),
        }
        theirs = json.dumps(dataclasses.asdict(self.state), indent=2, sort_keys=True)
        self._owner.write_checkpoint(tree, {"trainer_state.json": theirs.encode()})

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        self._owner.save_state()

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: Any = None
    ) -> None:
        folder = Path(resume_from_checkpoint)
        if not (folder / "trainer_state.json").exists():
            raise CheckpointError(
                f"{folder} was saved by the OUMI trainer; resume it with "
                "training.trainer_type: oumi"
            )
        load_model(self._owner.model, folder / WEIGHTS_FILENAME)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            tree = load_state_tree(Path(checkpoint), STATE_NAME)
            self._owner.optimizer.load_state_dict(tree["optimizer"])
            self._owner.scheduler.load_state_dict(tree["scheduler"])

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            tree = load_state_tree(Path(checkpoint), STATE_NAME)
            if get_rank() < len(tree["random"]):
                set_random_state(tree["random"][get_rank()])
            self._owner.load_callback_states(tree.get("callbacks", {}))


class _EpochSampler(Sampler[int]):
    """Yields the sample indices of an epoch."""

    def __init__(self, num_samples: int, seed: int, rows: SeededRows) -> None:
        self._rows = rows
        self._num_samples = num_samples
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._rows.seed = seed_of_part(self._seed, epoch)

    def __len__(self) -> int:
        return self._num_samples

    def __iter__(self) -> Iterator[int]:
        yield from epoch_order(self._num_samples, self._seed, self._epoch).tolist()


class _StreamEpoch(IterableDataset[Batch]):
    """The micro-batches of a stream's current epoch, already on the device."""

    def __init__(self, owner: BaseTrainer) -> None:
        self._owner = owner

    def __len__(self) -> int:
        num_samples = self._owner.parts.train_batches.num_samples
        return -(-num_samples // self._owner.params.per_device_train_batch_size)

    def __iter__(self) -> Iterator[Batch]:
        # transformers skips those from before the checkpoint.
        for step in self._owner.parts.train_batches.epoch(self._owner.state.epoch):
            yield from (micro_batch.columns for micro_batch in step)


class _BatchDataset(Dataset[Batch]):
    """Gives a data loader whole batches instead of samples."""

    def __init__(self, dataset: ColumnDataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitems__(self, indices: list[int]) -> Batch:
        return self._dataset.take(torch.tensor(indices))


def _identity(samples: Any) -> Batch:
    """Collates samples that are a batch already."""
    batch: Batch = samples
    return batch
