"""What can be done to a training from inside its process, before it begins."""

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from oumi_runtime.builders.training import building
from oumi_runtime.core.trainers.base_trainer import BaseTrainer
from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.checkpoints import store
from oumi_runtime.core.trainers.run.output_lock import OutputLock


def signal_in(phase: str, number: int = signal.SIGTERM, times: int = 1) -> None:
    """Has the process signal itself in a phase of the training."""
    owner, name, count = {
        "start-up": (building, "build_trainable_model", 1),
        "first step": (BaseTrainer, "on_step_end", 1),
        "a step": (BaseTrainer, "on_step_end", 17),
        "group": (BaseTrainer, "on_step_end", 17),
        "last step": (BaseTrainer, "on_step_end", 40),
        "saving": (store, "put_in_place", 2),
        "last saving": (store, "put_in_place", 10),
        "evaluating": (BaseTrainer, "on_eval_batch", 5),
        "last evaluating": (BaseTrainer, "on_eval_batch", 11),
        "final model": (BaseTrainer, "save_model", 1),
    }[phase]
    event = name if name.startswith("on_") else None
    name = "emit" if event else name
    original = getattr(owner, name)
    seen = 0
    sent = threading.Event()

    def signalled(*args: Any, **kwargs: Any) -> Any:
        nonlocal seen
        seen += event is None or event in args
        if seen == count and not sent.is_set():
            for _ in range(times):
                if phase == "group":
                    os.killpg(0, signal.SIGINT)
                else:
                    os.kill(os.getpid(), number)
                time.sleep(0.02)
            sent.set()
        return original(*args, **kwargs)

    setattr(owner, name, signalled)
    if phase == "saving":
        _hold_step(9, sent)


def _hold_step(number: int, until: threading.Event) -> None:
    """Lets a step end no earlier; checkpoints are written at a pace of their own."""
    original = TrainingState.count_step

    def held(self: TrainingState) -> None:
        original(self)
        if self.global_step == number:
            assert until.wait(timeout=60)

    TrainingState.count_step = held  # type: ignore[method-assign]


def kill_worker(step: int) -> None:
    """Kills one of the processes that load data, as a system short of memory does."""
    original = TrainingState.count_step

    def killing(self: TrainingState) -> None:
        original(self)
        if self.global_step == step:
            multiprocessing.active_children()[0].kill()

    TrainingState.count_step = killing  # type: ignore[method-assign]


def change_file(path: str, step: int, content: str | None) -> None:
    """Writes another content to a file after a step; None deletes it."""
    original = BaseTrainer.emit

    def changing(self: BaseTrainer, event: str, *facts: Any) -> None:
        if event == "on_step_end" and self.state.global_step == step:
            if content is None:
                Path(path).unlink()
            else:
                Path(path).write_text(content)
        original(self, event, *facts)

    BaseTrainer.emit = changing  # type: ignore[method-assign]


def slow_steps(seconds: float) -> None:
    """Makes every step take longer."""
    original = TrainingState.count_step

    def slow(self: TrainingState) -> None:
        time.sleep(seconds)
        original(self)

    TrainingState.count_step = slow  # type: ignore[method-assign]


def train_twice(output: str) -> None:
    """Holds the folder in a process beside this one."""
    reads, writes = os.pipe()
    if os.fork() == 0:
        with OutputLock(Path(output)):
            os.write(writes, b"x")
            time.sleep(20)
        os._exit(0)
    os.read(reads, 1)
