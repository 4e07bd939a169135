"""Joining the processes of a run, and what keeps them from it."""

import os
import socket
import subprocess
import sys

import pytest

from oumi_runtime.core import process_group as module
from oumi_runtime.core.process_group import process_group
from oumi_runtime.exceptions import ProcessEnvironmentError, ProcessGroupError

WHOLE = {"WORLD_SIZE": "2", "RANK": "1", "MASTER_ADDR": "h", "MASTER_PORT": "1"}


@pytest.fixture(autouse=True)
def no_group(monkeypatch) -> None:
    for name in (*WHOLE, "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"RANK": "1"}, "RANK is 1, but WORLD_SIZE is not set; torchrun sets all"),
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is 2, but RANK is not set"),
        ({"WORLD_SIZE": "2", "RANK": "0"}, "but MASTER_ADDR is not set"),
        (WHOLE | {"RANK": "2"}, "RANK is 2, but WORLD_SIZE is 2"),
        (WHOLE | {"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two', not a whole number"),
        (WHOLE | {"WORLD_SIZE": "-1"}, "WORLD_SIZE is '-1', not a whole number"),
        (WHOLE | {"MASTER_PORT": "x"}, "MASTER_PORT is 'x', not a whole number"),
        ({"LOCAL_RANK": "x"}, "LOCAL_RANK is 'x', not a whole number"),
    ],
)
def test_half_an_environment_is_refused(monkeypatch, variables, sentence) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ProcessEnvironmentError, match=sentence), process_group():
        pass


@pytest.mark.parametrize("variables", [{}, {"RANK": "0"}, {"WORLD_SIZE": "1"}])
def test_a_single_process_joins_nothing(monkeypatch, variables) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with process_group():
        assert not module.dist.is_initialized()


@pytest.fixture
def taken(monkeypatch):
    """A port at which something listens that is no store and never answers."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(other.getsockname()[1])}
        for name, value in (WHOLE | here).items():
            monkeypatch.setenv(name, value)
        yield


def test_a_port_in_use_is_said(monkeypatch, taken) -> None:
    monkeypatch.setenv("RANK", "0")
    sentence = "choose another MASTER_PORT"
    with pytest.raises(ProcessGroupError, match=sentence), process_group():
        pass


def test_what_never_answers_is_not_waited_for_without_end(monkeypatch, taken) -> None:
    monkeypatch.setattr(module, "_GRACE_S", 0.1)
    sentence = "no answer after 0.7 seconds|timed out"
    with pytest.raises(ProcessGroupError, match=sentence), process_group(0.01):
        pass


@pytest.mark.parametrize("world_size", ["1", "2"])
def test_a_process_ends_with_its_code_and_what_is_left_to_do(world_size: str) -> None:
    program = (
        "import atexit; from oumi_runtime.core.process_group import end_process\n"
        "atexit.register(print, 'the end'); print('almost', end=', '); end_process(3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "WORLD_SIZE": world_size},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "almost, the end\n")
