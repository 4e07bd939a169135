"""Killed at any moment, a run that is started again ends with the same weights."""

import os
import random
import re
import signal

import pytest

WORKERS = {
    0: (),
    2: ("--training.dataloader_num_workers", "2"),
}
NUM_MOMENTS = int(os.environ.get("FAULT_MOMENTS", "3"))


@pytest.mark.parametrize("num_workers", WORKERS)
def test_killed_at_random_moments_it_ends_as_if_nothing_had_been(
    project, untouched, num_workers: int
) -> None:
    more = WORKERS[num_workers]
    reference = untouched(*more)
    seconds = reference.train("timed", *more).seconds
    moments = random.Random(num_workers)
    wrong = []
    for number in range(NUM_MOMENTS):
        output = f"run-{number}"
        moment = moments.uniform(0.0, seconds)
        killed = project.train(output, *more, signals=[(moment, signal.SIGKILL)])
        assert killed.code in (0, -signal.SIGKILL), killed.log
        ended = project.train(output, *more)
        if ended.code != 0 or project.weights(output) != reference.weights():
            wrong.append((moment, ended.code, ended.log[-500:]))
        elif project.metrics(output) != reference.metrics():
            wrong.append((moment, "other metrics", ended.log[-500:]))
    assert wrong == []


def test_killed_again_and_again_it_still_ends(project, untouched) -> None:
    reference = untouched()
    seconds = reference.train("timed").seconds
    moments = random.Random(3)
    for _ in range(3):
        moment = moments.uniform(0.3 * seconds, seconds)
        project.train(signals=[(moment, signal.SIGKILL)])
    assert project.train().code == 0
    assert project.weights() == reference.weights()
    hidden = [path.name for path in (project.folder / "run").glob(".*")]
    assert hidden == []


def test_where_a_worker_is_killed_it_says_so_and_goes_on_exactly(
    project, untouched
) -> None:
    more = WORKERS[2]
    ended = project.train("run", *more, inject=("kill_worker", [17]))
    assert ended.code == 1, ended.log
    assert re.search(
        r"^error: a data loading process has died \(DataLoader worker "
        r"\(pid.*\d+\) .*\), most likely because memory ran out; the last "
        r"checkpoint is run/checkpoint-16; lower training\.dataloader_num_workers, "
        r"and resume with --auto-resume$",
        ended.log,
        re.MULTILINE,
    ), ended.log
    assert "Traceback" not in ended.log
    again = project.train("run", *more)
    assert again.code == 0, again.log
    assert project.weights() == untouched(*more).weights()
