"""transformers.Trainer on our models: its loop and callbacks, our data order and files.

The batches, the loss of an accumulated step, the evaluation and the checkpoints are the
native trainer's, so that both trainers give the same losses.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_model
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset, Sampler

from oumi_runtime.core.configs import MixedPrecisionDtype, TrainingParams
from oumi_runtime.core.datasets.columns import Batch, ColumnDataset
from oumi_runtime.core.distributed import (
    all_gather_object,
    barrier,
    get_rank,
    is_world_process_zero,
)
from oumi_runtime.core.trainers.base_trainer import BaseTrainer, save_weights
from oumi_runtime.core.trainers.batches import (
    EvalBatches,
    TrainBatches,
    count_targets,
    epoch_order,
)
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.checkpoints import CheckpointStore, verify
from oumi_runtime.core.trainers.evaluation import MetricsFunction, evaluate_model
from oumi_runtime.core.trainers.events import Events
from oumi_runtime.core.trainers.parallel import Parallelism
from oumi_runtime.core.trainers.performance import PerformanceMeter
from oumi_runtime.core.trainers.precision import build_precision
from oumi_runtime.core.trainers.state_files import (
    load_state_tree,
    random_state,
    save_state_tree,
    set_random_state,
)
from oumi_runtime.exceptions import CheckpointError, NonFiniteLossError


class HuggingFaceTrainer(BaseTrainer):
    """Trains with transformers.Trainer; takes what the native trainer takes."""

    def __init__(
        self,
        *,
        parallelism: Parallelism,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        args: TrainingParams,
        train_batches: TrainBatches,
        total_steps: int,
        eval_batches: EvalBatches | None = None,
        metrics_function: MetricsFunction | None = None,
        meter: PerformanceMeter | None = None,
        callbacks: Sequence[TrainingCallback] = (),
    ) -> None:
        """Takes the parts; see `oumi_trainer.Trainer`.

        Raises:
            ValueError: A meter is given, which this trainer cannot read.
        """
        if meter is not None:
            raise ValueError(
                "training.include_performance_metrics is the native trainer's; set "
                "training.trainer_type OUMI"
            )
        self.model = model = parallelism.model
        self.args = args
        self.state = TrainingState(total_steps, train_batches.steps_per_epoch)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.train_batches = train_batches
        self.num_samples = train_batches.num_samples
        self.checkpoints = CheckpointStore(args.output_dir)
        self.events = Events.of(args, total_steps)
        self._last_eval_metrics: dict[str, float] = {}
        self._trainer = _Trainer(
            self,
            model=model,
            args=_to_hf(args, total_steps, next(model.parameters()).device),
            train_dataset=train_batches.dataset,
            optimizers=(optimizer, scheduler),
            callbacks=[_Bridge(self, callbacks)],
        )
        self._trainer.remove_callback(transformers.PrinterCallback)
        self._eval_batches = eval_batches
        self._metrics_function = metrics_function
        self._callbacks = list(callbacks)
        self._autocast, _ = build_precision(model, args.mixed_precision_dtype)

    def train(self, resume_from_checkpoint: str | None = None) -> None:
        """Trains to the end; see `BaseTrainer.train`.

        Raises:
            CheckpointError: The checkpoint is not whole, or is the native trainer's.
            NonFiniteLossError: The loss became NaN or infinite.
        """
        if resume_from_checkpoint is not None:
            verify(Path(resume_from_checkpoint))
        try:
            self._trainer.train(resume_from_checkpoint=resume_from_checkpoint)
        finally:
            for callback in self._callbacks:
                callback.on_train_end(self.state)

    def evaluate(self) -> dict[str, float]:
        """Evaluates on the evaluation dataset; see `BaseTrainer.evaluate`."""
        if self._eval_batches is None:
            return {}
        metrics = evaluate_model(
            self.model, self._eval_batches, self._metrics_function, self._autocast
        )
        self._last_eval_metrics = {f"eval_{k}": v for k, v in metrics.items()}
        for callback in self._callbacks:
            callback.on_log(self.state, self._last_eval_metrics)
        return self._last_eval_metrics

    def get_last_eval_metrics(self) -> dict[str, float]:
        """What the last evaluation returned; empty before the first."""
        return self._last_eval_metrics

    def check_finite(self, loss: float) -> None:
        """Raises NonFiniteLossError where a loss is NaN or infinite."""
        if not math.isfinite(loss):
            raise NonFiniteLossError(self.state.global_step, self.checkpoints.latest())

    def save_state(self) -> None:
        """Saves all that the training needs to go on from here."""
        self._trainer.save_training_state()
        path = self.checkpoints.output_dir / f"checkpoint-{self.state.global_step}"
        for callback in self._callbacks:
            callback.on_save(self.state, path)


class _Trainer(transformers.Trainer):
    """transformers.Trainer with our batches, loss scaling and checkpoint format."""

    def __init__(self, owner: HuggingFaceTrainer, **kwargs: Any) -> None:
        super().__init__(data_collator=_collate, **kwargs)
        self._owner = owner
        self._loss_since_save: torch.Tensor | float = 0.0
        # `compute_loss` weighs each micro-batch itself. Without these two, a model that
        # takes **kwargs would train on the sum of the micro-batches' losses.
        self.model_accepts_loss_kwargs = True
        self.loss_is_scaled_for_ga = True

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The batches in our order."""
        dataset = self._owner.train_batches.dataset
        seed = self._owner.args.data_seed
        loader = DataLoader(
            _Gathered(dataset) if isinstance(dataset, ColumnDataset) else dataset,
            batch_size=self._train_batch_size,
            sampler=_EpochSampler(self._owner.train_batches.num_samples, seed),
            collate_fn=self.data_collator,
            num_workers=self._owner.train_batches.loading.num_workers,
            pin_memory=self.args.dataloader_pin_memory,
            # Without one it would draw from the stream that dropout uses.
            generator=torch.Generator().manual_seed(seed),
        )
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def _get_num_items_in_batch(self, batch_samples: list[Batch], device: Any) -> Any:
        return sum(self._num_targets(batch) for batch in batch_samples)

    def _num_targets(self, batch: Batch) -> torch.Tensor:
        return count_targets(batch, self._owner.train_batches.ignore_index)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The micro-batch's share of the mean loss over the whole step."""
        outputs = model(**inputs)
        loss = outputs["loss"]
        if num_items_in_batch is not None:
            share = self._num_targets(inputs) / num_items_in_batch.to(loss.device)
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
            "progress": dataclasses.asdict(self._owner.state),
            "optimizer": self._owner.optimizer.state_dict(),
            "scheduler": self._owner.scheduler.state_dict(),
            "random": all_gather_object(random_state()),
        }
        if is_world_process_zero():
            with self._owner.checkpoints.writing(self.state.global_step) as folder:
                save_weights(self._owner.model, folder)
                save_state_tree(tree, folder, "training_state")
                self.state.save_to_json(str(folder / "trainer_state.json"))
        barrier()

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        self._owner.save_state()

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: Any = None
    ) -> None:
        folder = Path(resume_from_checkpoint)
        if not (folder / "trainer_state.json").exists():
            raise CheckpointError(
                f"{folder} was saved by the OUMI trainer; resume it with "
                "training.trainer_type OUMI"
            )
        load_model(
            self._owner.model, Path(resume_from_checkpoint) / "model.safetensors"
        )

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            tree = load_state_tree(Path(checkpoint), "training_state")
            self._owner.optimizer.load_state_dict(tree["optimizer"])
            self._owner.scheduler.load_state_dict(tree["scheduler"])

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            tree = load_state_tree(Path(checkpoint), "training_state")
            set_random_state(tree["random"][get_rank()])


class _Bridge(transformers.TrainerCallback):
    """Turns the events of transformers into ours; says when to evaluate and save."""

    def __init__(
        self, owner: HuggingFaceTrainer, callbacks: Sequence[TrainingCallback]
    ) -> None:
        self._owner = owner
        self._callbacks = list(callbacks)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._follow(state)
        for callback in self._callbacks:
            callback.on_train_begin(self._owner.state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._follow(state)
        events = self._owner.events
        control.should_evaluate = events.evaluate.is_due(state.global_step)
        control.should_save = events.save.is_due(state.global_step)
        for callback in self._callbacks:
            callback.on_step_end(self._owner.state)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_evaluate = self._owner.events.evaluate.epoch
        control.should_save = self._owner.events.save.epoch

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if logs is None or "loss" not in logs:
            return  # The summary of the whole training.
        self._owner.check_finite(logs["loss"])
        metrics = {name: value for name, value in logs.items() if name != "epoch"}
        for callback in self._callbacks:
            callback.on_log(self._owner.state, metrics)

    def _follow(self, state: Any) -> None:
        ours = self._owner.state
        ours.global_step = state.global_step
        ours.epoch, ours.step_in_epoch = divmod(state.global_step, ours.steps_per_epoch)


class _EpochSampler(Sampler[int]):
    """The samples in the order of an epoch."""

    def __init__(self, num_samples: int, seed: int) -> None:
        self._num_samples = num_samples
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self._num_samples

    def __iter__(self) -> Iterator[int]:
        yield from epoch_order(self._num_samples, self._seed, self._epoch).tolist()


class _Gathered(Dataset[Batch]):
    """Hands a data loader whole batches instead of samples."""

    def __init__(self, dataset: ColumnDataset) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitems__(self, indices: list[int]) -> Batch:
        return self._dataset.take(torch.tensor(indices))


def _collate(samples: Any) -> Batch:
    """Batches samples; a batch that was gathered stays as it is."""
    if isinstance(samples, dict):
        return samples
    batch: Batch = torch.utils.data.default_collate(samples)
    return batch


def _to_hf(
    params: TrainingParams, total_steps: int, device: torch.device
) -> transformers.TrainingArguments:
    """The arguments of transformers for ours; when to save is the bridge's matter."""
    arguments: dict[str, Any] = {
        "output_dir": params.output_dir,
        "per_device_train_batch_size": params.per_device_train_batch_size,
        "per_device_eval_batch_size": params.per_device_eval_batch_size,
        "gradient_accumulation_steps": params.gradient_accumulation_steps,
        "max_steps": total_steps,
        "max_grad_norm": params.max_grad_norm or 0.0,
        "logging_strategy": params.logging_strategy,
        "logging_steps": params.logging_steps,
        "logging_first_step": params.logging_first_step,
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "eval_strategy": "no",
        "seed": params.seed,
        "data_seed": params.data_seed,
        "bf16": params.mixed_precision_dtype is MixedPrecisionDtype.BF16,
        "fp16": params.mixed_precision_dtype is MixedPrecisionDtype.FP16,
        "use_cpu": device.type == "cpu",
        "dataloader_pin_memory": device.type == "cuda",
        "average_tokens_across_devices": False,
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "report_to": [],
        "disable_tqdm": True,
    }
    # What the user names goes before what is derived from the config.
    return transformers.TrainingArguments(**arguments | params.trainer_kwargs)
