"""Training loops to compare: what users write, and what trainers run.

Each takes a model on its device, columns in the main memory, and a number of steps, and
returns what runs the steps. What comes before is not timed.
"""

import ctypes
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from subjects import Columns, Subject
from torch import nn
from torch.utils.data import DataLoader, Dataset

LEARNING_RATE = 1e-3
LOG_STEPS = 50
SAVE_STEPS = {"cpu": 500, "cuda": 5000}

Run = Callable[[], None]

STEP_LISTENERS: list[Callable[[], None]] = []


def step_done() -> None:
    """Every loop calls it after each of its steps."""
    for listener in STEP_LISTENERS:
        listener()


class Samples(Dataset[Columns]):
    """The samples of columns, one at a time, as a user's dataset gives them."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns["labels"])

    def __getitem__(self, index: int) -> Columns:
        return {name: column[index] for name, column in self.columns.items()}


def forever(loader: DataLoader[Any]) -> Iterator[Any]:
    while True:
        yield from loader


def precision(subject: Subject, device: torch.device) -> torch.autocast:
    """The arithmetic of a forward pass."""
    return torch.autocast(device.type, torch.bfloat16, enabled=subject.is_large)


def plain(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """The loop that a user writes."""
    device = next(model.parameters()).device
    loader = DataLoader(Samples(columns), batch_size=subject.batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / steps)

    def run() -> None:
        model.train()
        batches = forever(loader)
        for step in range(1, steps + 1):
            batch = {name: c.to(device) for name, c in next(batches).items()}
            optimizer.zero_grad()
            with precision(subject, device):
                loss = model(**batch)["loss"]
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % LOG_STEPS == 0:
                loss.item()
            step_done()

    return run


def hand(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """The best that one tunes by hand: data on the device, fused, nothing waited for.

    Convolutions lie in memory as is fastest. On a GPU the whole step is captured as one
    graph, or a large model compiled; on a CPU what is freed is kept.
    """
    device = next(model.parameters()).device
    if device.type == "cpu":
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 2**31 - 1)  # M_MMAP_THRESHOLD
    if any(isinstance(module, nn.Conv2d) for module in model.modules()):
        model.to(memory_format=torch.channels_last)
    columns = {name: column.to(device) for name, column in columns.items()}
    on_gpu = device.type == "cuda"
    batch_size = subject.batch_size
    if subject.is_large:
        model.compile()
    rate = torch.tensor(LEARNING_RATE, device=device) if on_gpu else LEARNING_RATE
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, fused=True, capturable=on_gpu
    )
    parameters = list(model.parameters())
    size = len(columns["labels"])

    def step_on(batch: Columns) -> torch.Tensor:
        with precision(subject, device):
            loss = model(**batch)["loss"]
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    if on_gpu and not subject.is_large:
        step_on = _captured(step_on, columns, batch_size)

    def run() -> None:
        model.train()
        step = 0
        while step < steps:
            order = torch.randperm(size, device=device)
            for indices in order[: size - size % batch_size].split(batch_size):
                step += 1
                group = optimizer.param_groups[0]
                value = LEARNING_RATE * (1 - (step - 1) / steps)
                if on_gpu:
                    group["lr"].fill_(value)
                else:
                    group["lr"] = value
                loss = step_on({name: c[indices] for name, c in columns.items()})
                if step % LOG_STEPS == 0:
                    loss.item()
                step_done()
                if step == steps:
                    break

    return run


def _captured(step_on: Any, columns: Columns, batch_size: int) -> Any:
    static = {name: column[:batch_size].clone() for name, column in columns.items()}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step_on(static)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step_on(static)

    def replay(batch: Columns) -> torch.Tensor:
        for name, column in batch.items():
            static[name].copy_(column)
        graph.replay()
        return loss

    return replay


def native(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """Our trainer with all that a run has: log, metrics file, checks, checkpoints."""
    from oumi_runtime.builders import build_trainer
    from oumi_runtime.core.configs import TrainingParams
    from oumi_runtime.core.datasets import ColumnDataset
    from oumi_runtime.core.trainers.callbacks import TrainingCallback
    from oumi_runtime.core.trainers.callbacks.metrics_file import MetricsFile
    from oumi_runtime.core.trainers.callbacks.progress import ProgressReport

    class Telling(TrainingCallback):
        def on_step_end(self, *_: Any) -> None:
            step_done()

    params = TrainingParams(
        output_dir=str(folder),
        per_device_train_batch_size=subject.batch_size,
        max_steps=steps,
        learning_rate=LEARNING_RATE,
        logging_steps=LOG_STEPS,
        save_steps=SAVE_STEPS[next(model.parameters()).device.type],
        mixed_precision_dtype="bf16" if subject.is_large else "none",
        cuda_graphs="auto",
    )
    if subject.is_large:
        model.compile()
    callbacks = [MetricsFile(folder / "metrics.jsonl"), ProgressReport()]
    if subject.is_large:  # Only then are steps counted, and a callback takes time.
        callbacks.append(Telling())
    trainer = build_trainer(
        params, model=model, train_dataset=ColumnDataset(columns), callbacks=callbacks
    )
    return trainer.train


def hf(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """transformers.Trainer as its users call it."""
    import transformers

    class Telling(transformers.TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            step_done()

    device = next(model.parameters()).device
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=subject.batch_size,
        max_steps=steps,
        learning_rate=LEARNING_RATE,
        logging_steps=LOG_STEPS,
        save_steps=SAVE_STEPS[device.type],
        bf16=subject.is_large,
        use_cpu=device.type == "cpu",
        report_to=[],
        disable_tqdm=True,
    )
    trainer = transformers.Trainer(
        model, arguments, train_dataset=Samples(columns), callbacks=[Telling()]
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer.train


def accelerate(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """The loop that accelerate's documentation shows."""
    from accelerate import Accelerator

    accelerator = Accelerator(
        cpu=next(model.parameters()).device.type == "cpu",
        mixed_precision="bf16" if subject.is_large else "no",
    )
    loader = DataLoader(Samples(columns), batch_size=subject.batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / steps)
    model, optimizer, loader, schedule = accelerator.prepare(
        model, optimizer, loader, schedule
    )

    def run() -> None:
        model.train()
        batches = forever(loader)
        for step in range(1, steps + 1):
            optimizer.zero_grad()
            loss = model(**next(batches))["loss"]
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % LOG_STEPS == 0:
                loss.item()
            step_done()

    return run


def lightning(
    model: nn.Module, columns: Columns, subject: Subject, steps: int, folder: Path
) -> Run:
    """Lightning's Trainer."""
    import lightning as library

    class Module(library.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def training_step(self, batch: Columns, _: int) -> torch.Tensor:
            loss: torch.Tensor = self.inner(**batch)["loss"]
            self.log("loss", loss)
            return loss

        def on_train_batch_end(self, *_: Any) -> None:
            step_done()

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.inner.parameters(), lr=LEARNING_RATE)
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda i: 1 - i / steps
            )
            how = {"scheduler": schedule, "interval": "step"}
            return {"optimizer": optimizer, "lr_scheduler": how}

    trainer = library.Trainer(
        max_steps=steps,
        gradient_clip_val=1.0,
        precision="bf16-mixed" if subject.is_large else "32-true",
        log_every_n_steps=LOG_STEPS,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        accelerator=next(model.parameters()).device.type,
        devices=1,
    )
    loader = DataLoader(Samples(columns), batch_size=subject.batch_size, shuffle=True)
    return lambda: trainer.fit(Module(), loader)


LOOPS: dict[str, Callable[..., Run]] = {
    "plain": plain,
    "hand": hand,
    "native": native,
    "hf": hf,
    "accelerate": accelerate,
    "lightning": lightning,
}


def installed() -> list[str]:
    """The loops whose library is there."""
    library = {"hf": "transformers", "accelerate": "accelerate"}
    library |= {"lightning": "lightning"}
    return [
        name
        for name in LOOPS
        if name not in library or importlib.util.find_spec(library[name])
    ]
