"""Asked to stop in any phase, a run saves, says so by its exit code, and goes on."""

import re
import signal

import pytest

PHASES = ("first step", "a step", "last step", "saving", "evaluating")
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 143}


def check_goes_on(project, untouched) -> None:
    ended = project.train()
    assert ended.code == 0, ended.log
    assert project.weights() == untouched().weights()
    assert project.metrics() == untouched().metrics()


@pytest.mark.parametrize("phase", PHASES)
def test_asked_to_stop_it_saves_and_goes_on_exactly(project, untouched, phase) -> None:
    stopped = project.train(inject=("signal_in", [phase]))
    assert stopped.code == 143, stopped.log
    assert "SIGTERM: saving after this step" in stopped.log
    said = re.search(
        r"error: stopped after step (\d+) by SIGTERM; saved run/checkpoint-(\d+); go "
        r"on with --auto-resume",
        stopped.log,
    )
    assert said is not None, stopped.log
    assert said.group(1) == said.group(2)
    last = project.record()["sessions"][-1]
    assert last["exit_reason"].startswith("TrainingStoppedError: stopped after step")
    check_goes_on(project, untouched)


def test_before_the_first_step_there_is_nothing_to_save(project, untouched) -> None:
    stopped = project.train(inject=("signal_in", ["start-up"]))
    assert stopped.code in (143, -signal.SIGTERM), stopped.log
    check_goes_on(project, untouched)


@pytest.mark.parametrize("phase", ["last saving", "final model"])
def test_after_the_last_step_the_final_model_is_saved(
    project, untouched, phase
) -> None:
    ended = project.train(inject=("signal_in", [phase]))
    assert ended.code == 0, ended.log
    assert "SIGTERM" in ended.log
    assert project.weights() == untouched().weights()


@pytest.mark.parametrize(("number", "code"), CODES.items())
def test_each_signal_has_its_exit_code(project, number: int, code: int) -> None:
    assert project.train(inject=("signal_in", ["a step", int(number)])).code == code


def test_with_workers_ctrl_c_reaches_them_too_and_goes_on_exactly(
    project, untouched
) -> None:
    more = ("--training.dataloader_num_workers", "2")
    stopped = project.train("run", *more, inject=("signal_in", ["group"]))
    assert stopped.code == 130, stopped.log
    assert project.train("run", *more).code == 0
    assert project.weights() == untouched(*more).weights()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(project, untouched, number: int) -> None:
    stopped = project.train(inject=("signal_in", ["a step", int(number), 2]))
    assert stopped.code in (CODES[number], -number), stopped.log
    assert "checkpoint-17" not in stopped.log
    check_goes_on(project, untouched)


def test_run_again_and_again_it_ends_and_stays_ended(project, untouched) -> None:
    short = ("--training.max_steps", "5")
    more = (*short, "--training.max_minutes", "0.00001", "--training.save_steps", "0")
    codes = [project.train("run", *more).code for _ in range(5)]
    # The last of them makes the last step, and is not cut short by the time.
    assert codes == [143, 143, 143, 143, 0]
    assert project.weights() == untouched(*short).weights()
    again = project.train("run", *more)
    assert (again.code, "is finished already" in again.log) == (0, True)
    assert len(project.record()["sessions"]) == len(codes)


def test_the_clock_saves_too(project) -> None:
    more = ("--training.save_steps", "0", "--training.save_minutes", "0.0005")
    ended = project.train(
        "run",
        *more,
        "--training.save_total_limit",
        "null",
        inject=("slow_steps", [0.02]),
    )
    assert ended.code == 0, ended.log
    assert len(list((project.folder / "run").glob("checkpoint-*"))) > 5
