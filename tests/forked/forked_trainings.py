"""Trainings that tests run by the hundred, in one process or in several."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple


class TrainingEnded(NamedTuple):
    """How the processes of a training have ended."""

    codes: list[int | None]
    """The exit code of each rank; minus the signal's number where one has killed it;
    None where it never ended."""
    seconds: float
    logs: list[str]

    @property
    def last_lines(self) -> list[str]:
        """The last line that each rank has written."""
        return [(log.splitlines() or [""])[-1] for log in self.logs]


class TrainingServer:
    """Runs the training program in forks of one process, which is slow to start."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests, self._answers = process.stdin, process.stdout

    def train(
        self,
        folder: Path,
        arguments: Sequence[str],
        *,
        logs: Sequence[str] = ("log.txt",),
        environment: dict[str, str] | None = None,
        signals: Sequence[tuple[float, int]] = (),
        inject: tuple[str, str, list[Any]] | None = None,
        is_one_frozen: bool = False,
        limit_s: float = 300.0,
    ) -> TrainingEnded:
        """Runs one to its end, whatever that is.

        Args:
            folder: The working folder, with an `oumi_requirements.txt`.
            arguments: Those of the training program.
            logs: The name of a log file for each process.
            environment: Additional environment variables.
            signals: The seconds after which the first process gets a signal, and which.
            inject: A file, its function to call in each process before it trains, and
                the arguments.
            is_one_frozen: Whether to kill the last process once the others have ended.
            limit_s: The seconds after which to kill it.
        """
        paths = [folder / name for name in logs]
        request = {
            "folder": str(folder),
            "arguments": list(arguments),
            "logs": [str(path) for path in paths],
            "environment": environment or {},
            "signals": list(signals),
            "inject": inject,
            "is_one_frozen": is_one_frozen,
            "limit_s": limit_s,
        }
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        answer = json.loads(self._answers.readline())
        texts = [path.read_text(errors="replace") for path in paths]
        return TrainingEnded(**answer, logs=texts)


class TrainingProject:
    """A folder with registered classes and a config, to be trained at will."""

    def __init__(
        self, folder: Path, server: TrainingServer, net: str, config: str
    ) -> None:
        self.folder = folder
        self.server = server
        (folder / "net.py").write_text(net)
        (folder / "oumi_requirements.txt").write_text("net.py\n")
        (folder / "config.yaml").write_text(config)

    def rows(self, output: str = "run") -> list[dict[str, Any]]:
        """What was logged."""
        text = (self.folder / output / "metrics.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def record(self, output: str = "run") -> dict[str, Any]:
        """The record of a run."""
        text = (self.folder / output / "run.json").read_text()
        content: dict[str, Any] = json.loads(text)
        return content


@contextmanager
def running_server() -> Iterator[TrainingServer]:
    """Starts the process that is forked, and ends it."""
    program = str(Path(__file__).with_name("training_server.py"))
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield TrainingServer(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=120)
