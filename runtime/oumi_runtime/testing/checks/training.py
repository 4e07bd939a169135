"""Slow checks of trainings: resumed, by another trainer, in two processes, on a GPU."""

import copy
import gc
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.builders import build_trainer
from oumi_runtime.builders.models.activation_checkpointing import checkpoint_activations
from oumi_runtime.core.configs import TrainerType, TrainingParams
from oumi_runtime.exceptions import OumiRuntimeError
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    logits_of,
    loss_of,
    perturbed,
    require_equal,
)
from oumi_runtime.testing.needs import labels, logits
from oumi_runtime.testing.quiet import quiet
from oumi_runtime.testing.references import counted_targets

_SAMPLES = 16
_STEPS = 4


@check(slow=True)
def check_resumed_training_is_the_uninterrupted_one(case: ModelCase) -> None:
    """Catches a model whose checkpoint does not contain all of its state.

    For example a running mean that is a plain attribute, or a counter of steps that
    changes what forward does. The weights are compared bit for bit.

    If it fails, look for what training changes besides parameters and buffers.
    """
    with tempfile.TemporaryDirectory() as folder, quiet():
        whole = _train(case, Path(folder, "whole"), TrainerType.OUMI)
        _train(case, Path(folder, "cut"), TrainerType.OUMI, steps=_STEPS // 2)
        cut = Path(folder, "cut", f"checkpoint-{_STEPS // 2}")
        resumed = _train(case, Path(folder, "on"), TrainerType.OUMI, resume=cut)
    for name, value in whole.items():
        if not value.equal(resumed[name]):
            raise CheckFailedError(
                f"{name} differs between a resumed training and an uninterrupted one: "
                "what does training change besides parameters and buffers?"
            )


@check(slow=True)
def check_trainer_of_transformers_trains_it(case: ModelCase) -> None:
    """Catches a model that only the native trainer can train.

    For example a forward that does not take the columns by name. The weights after a
    few steps have to be those of the native trainer.

    If it fails, look at the names of forward's arguments, and at what it returns.
    """
    with tempfile.TemporaryDirectory() as folder, quiet():
        own = _train(case, Path(folder, "own"), TrainerType.OUMI)
        other = _train(case, Path(folder, "hf"), TrainerType.HF)
    for name, value in own.items():
        message = f"transformers.Trainer and the native trainer give different {name}"
        require_equal(value, other[name], message)


@check(slow=True)
def check_checkpointed_activations_change_nothing(case: ModelCase) -> None:
    """Catches layers that compute something else when they are called again.

    For example one that counts its calls, or draws with Python's `random`.

    If it fails, look for what a layer keeps from call to call.
    """
    plain, model = perturbed(case.model(training=True)), case.model(training=True)
    model.load_state_dict(plain.state_dict())
    try:
        checkpoint_activations(model, {})
    except OumiRuntimeError as error:
        raise NotApplicableError("the model has no list of layers") from error
    for each in (plain, model):
        torch.manual_seed(5)
        compute_gradients(loss_of(each, case.batch(8)))
    grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    for name, parameter in plain.named_parameters():
        if parameter.grad is not None:
            message = f"checkpointed activations change the gradient of {name}"
            require_equal(parameter.grad, grads[name], message)


@check(needs=[labels, logits], slow=True)
def check_two_processes_have_the_gradient_of_one(case: ModelCase) -> None:
    """Catches a model with other gradients under DistributedDataParallel.

    For example a parameter that some batches do not use, which makes the processes wait
    for each other forever, or weights that forward accesses past the wrapper.

    If it fails, look for parameters that are used under a condition.
    """
    if not hasattr(os, "fork") or not torch.distributed.is_available():
        raise NotApplicableError("this machine cannot fork processes")
    batch = case.batch(8)
    halves = [{k: v[i : i + 4] for k, v in batch.items()} for i in (0, 4)]
    counts = [counted_targets(case, half) for half in halves]
    model = perturbed(case.model())
    for half in halves:
        compute_gradients(loss_of(model, half) / 2)
    expected = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    with tempfile.TemporaryDirectory() as folder:
        _fork(copy.deepcopy(model), halves, folder)
        path = Path(folder, "gradients.pt")
        if not path.is_file():
            raise CheckFailedError(
                "two processes do not get through one step: is every parameter used "
                f"in every forward? (targets {counts})"
            )
        found: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
    for name, gradient in expected.items():
        message = f"the gradient of {name} differs between two processes and one"
        require_equal(gradient, found[name], message)


@check(slow=True)
def check_gpu_computes_what_the_cpu_does(case: ModelCase) -> None:
    """Catches a model that computes something else on a GPU.

    For example an operation that reads beyond its input, or a tensor left on the CPU.

    If it fails, look at indexing, at empty tensors that are never filled, and at
    devices.
    """
    if not torch.cuda.is_available():
        raise NotApplicableError("this machine has no GPU")
    model, inputs = perturbed(case.model()), case.inputs()
    expected = logits_of(model, inputs)
    model.cuda()
    found = logits_of(model, {name: column.cuda() for name, column in inputs.items()})
    gap = (expected - found.cpu()).abs().max().item()
    if gap > 1e-3 * max(1.0, expected.abs().max().item()):
        raise CheckFailedError(
            f"the GPU computes a different output (difference {gap:.3g})"
        )


@check(slow=True)
def check_memory_does_not_grow_with_the_steps(case: ModelCase) -> None:
    """Catches a model that keeps tensors from every step.

    For example `self.losses.append(loss)`, which also keeps the whole graph.

    If it fails, keep numbers (`.item()` in the training loop, not in forward), or
    nothing.
    """
    model, batch = case.model(training=True), case.batch()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    counts: list[int] = []
    # Kept alive, so that none that goes meanwhile hides one that comes.
    others = _tensors()
    known = {id(x) for x in others}
    for step in range(31):
        optimizer.zero_grad()
        compute_gradients(loss_of(model, batch))
        optimizer.step()
        if step in (10, 20, 30):
            counts.append(sum(id(x) not in known for x in _tensors()))
    # What is kept of every step grows as much in the second ten as in the first.
    growth = min(counts[1] - counts[0], counts[2] - counts[1])
    if growth >= 10:
        raise CheckFailedError(
            f"ten more steps leave {growth} more tensors in memory: does forward store "
            "tensors from every call?"
        )


def _tensors() -> list[torch.Tensor]:
    """Returns all tensors in memory."""
    gc.collect()
    # Not isinstance, which would ask what pretends to be of another class.
    return [x for x in gc.get_objects() if issubclass(type(x), torch.Tensor)]


class _Rows(Dataset[Batch]):
    """The samples of a batch, as a dataset."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __len__(self) -> int:
        return len(next(iter(self._batch.values())))

    def __getitem__(self, index: int) -> Batch:
        return {name: column[index] for name, column in self._batch.items()}


def _train(
    case: ModelCase,
    folder: Path,
    trainer_type: TrainerType,
    *,
    steps: int = _STEPS,
    resume: Path | None = None,
) -> dict[str, torch.Tensor]:
    """Trains for a few steps, and returns the weights."""
    params = TrainingParams(
        trainer_type=trainer_type,
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=4,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        save_steps=steps,
        log_level="error",
        dep_log_level="error",
    )
    model = case.model(training=True)
    trainer = build_trainer(
        params, model=model, train_dataset=_Rows(case.batch(_SAMPLES))
    )
    torch.manual_seed(0)
    trainer.train(None if resume is None else str(resume))
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _fork(model: nn.Module, halves: list[Batch], folder: str) -> None:
    """Runs one step of DistributedDataParallel in two processes."""
    context: Any = torch.multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_one_of_two, args=(rank, model, halves[rank], folder))
        for rank in (0, 1)
    ]
    for worker in workers:
        worker.start()
    done, end = Path(folder, "gradients.pt"), time.monotonic() + 60
    while any(w.is_alive() for w in workers) and time.monotonic() < end:
        if done.is_file():  # Nothing more is asked of them, and one may hang at exit.
            end = min(end, time.monotonic() + 2)
        time.sleep(0.02)
    for worker in workers:
        if worker.is_alive():
            worker.kill()
            worker.join()


def _one_of_two(rank: int, model: nn.Module, half: Batch, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2
    )
    wrapped = nn.parallel.DistributedDataParallel(model)
    loss_of(wrapped, half).backward()  # type: ignore[no-untyped-call]
    if rank == 0:
        named = wrapped.module.named_parameters()
        found = {name: p.grad for name, p in named if p.grad is not None}
        torch.save(found, Path(folder, "gradients.part"))
        Path(folder, "gradients.part").rename(Path(folder, "gradients.pt"))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
