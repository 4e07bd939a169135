"""Asked to stop in any phase, a run saves, exits with its code, and can be resumed."""

import re
import signal

import pytest

PHASES = ("first step", "a step", "last step", "saving")
HF = ("--training.trainer_type", "hf")
EPOCHS = ("--training.eval_strategy", "epoch", "--training.save_epoch", "true")
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGUSR1: 143}


def check_goes_on(project, untouched, *more: str) -> None:
    ended = project.train("run", *more)
    assert ended.code == 0, ended.log
    assert project.weights() == untouched(*more).weights()
    assert project.metrics() == untouched(*more).metrics()


@pytest.mark.parametrize("phase", PHASES)
def test_asked_to_stop_it_saves_and_goes_on_exactly(project, untouched, phase) -> None:
    stopped = project.train(inject=("signal_in", [phase]))
    assert stopped.code == 143, stopped.log
    assert "SIGTERM: saving before stopping" in stopped.log
    said = re.search(
        r"error: stopped after step (\d+) by SIGTERM; saved run/checkpoint-(\d+); "
        r"resume with --auto-resume",
        stopped.log,
    )
    assert said is not None, stopped.log
    assert said.group(1) == said.group(2)
    assert project.metrics()[-1]["step"] == int(said.group(1))
    last = project.record()["sessions"][-1]
    assert last["exit_reason"].startswith("TrainingStoppedError: stopped after step")
    check_goes_on(project, untouched)


@pytest.mark.parametrize(
    ("phase", "more", "step"),
    [
        ("evaluating", (), 20),
        ("last evaluating", (), 40),
        ("evaluating", EPOCHS, 26),
    ],
)
def test_an_evaluation_is_left_for_when_the_run_goes_on(
    project, untouched, phase: str, more: tuple[str, ...], step: int
) -> None:
    """Three batches are evaluated at a time; it comes before the second."""
    stopped = project.train("run", *more, inject=("signal_in", [phase]))
    assert stopped.code == 143, stopped.log
    assert "postponed the evaluation until the run is resumed" in stopped.log
    assert f"stopped after step {step} by SIGTERM" in stopped.log
    steps = [row["step"] for row in project.metrics() if "eval_loss" in row]
    assert step not in steps
    check_goes_on(project, untouched, *more)


@pytest.mark.slow
def test_the_transformers_trainer_saves_and_goes_on_exactly(project, untouched) -> None:
    stopped = project.train("run", *HF, inject=("signal_in", ["a step"]))
    assert stopped.code == 143, stopped.log
    assert "stopped after step 17 by SIGTERM; saved run/checkpoint-17" in stopped.log
    assert project.train("run", *HF).code == 0
    whole = untouched(*HF)
    assert project.weights() == whole.weights()

    def losses(of):
        # What was logged when it stopped is not logged again with the steps after.
        return [row for row in of.metrics() if row["step"] not in (17, 18)]

    assert losses(project) == losses(whole)


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
