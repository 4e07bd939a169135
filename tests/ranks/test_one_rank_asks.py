"""What one process asks for, all do; what ends one, ends all, with a sentence."""

import pytest

from oumi_runtime.core.trainers.callbacks import TrainingState

BOTH = pytest.mark.parametrize("rank", ["0", "1"])


@BOTH
@pytest.mark.parametrize("event", ["on_step_end", "on_log"])
def test_a_stop_that_one_rank_requests_stops_all(ranks, rank, event) -> None:
    ended = ranks.train(2, RANK_OF_IT=rank, DO="stop", EVENT=event)
    assert ended.codes == [0, 0], ended.logs
    assert ranks.column("loss")[5:] == []
    assert ranks.session()["global_step"] == 5
    assert ended.last_lines[0] == "saved the model to run"


@BOTH
def test_a_checkpoint_that_one_rank_requests_is_saved_by_all(ranks, rank) -> None:
    ended = ranks.train(2, RANK_OF_IT=rank, DO="save", EVENT="on_step_end")
    assert ended.codes == [0, 0], ended.logs
    assert ranks.checkpoints() == [5, 10, 20]


@BOTH
def test_an_evaluation_that_one_rank_requests_is_made_by_all(ranks, rank) -> None:
    ended = ranks.train(2, RANK_OF_IT=rank, DO="evaluate", EVENT="on_step_end")
    assert ended.codes == [0, 0], ended.logs
    evaluated = [row["step"] for row in ranks.rows() if "eval_loss" in row]
    assert evaluated == [5, 10, 20]


@pytest.mark.parametrize("event", ["on_step_end", "on_eval_batch"])
def test_a_signal_to_one_rank_stops_all(ranks, event) -> None:
    ended = ranks.train(2, RANK_OF_IT="1", DO="SIGTERM", EVENT=event, STEP="10")
    assert ended.codes == [143, 143]
    sentence = "error: stopped after step 10 by SIGTERM; saved run/checkpoint-10; "
    assert all(line.startswith(sentence) for line in ended.last_lines)
    assert ranks.column("eval_loss") == []


def test_the_time_limit_stops_all(ranks) -> None:
    endless = ("--training.max_steps", "1000000", "--training.max_minutes", "0.005")
    ended = ranks.train(2, *endless)
    assert ended.codes == [143, 143]
    assert len(set(ended.last_lines)) == 1
    assert "by the 0.005 minutes of training.max_minutes" in ended.last_lines[0]


@BOTH
@pytest.mark.parametrize(("how", "code"), [("raise", 99), ("SIGKILL", -9)])
def test_where_one_rank_ends_the_other_says_so_and_ends(ranks, rank, how, code) -> None:
    ended = ranks.train(2, RANK_OF_IT=rank, DO=how, EVENT="on_step_end", STEP="15")
    other = 1 - int(rank)
    assert ended.codes[int(rank)] == code
    assert ended.codes[other] == 1, ended.logs
    assert ended.last_lines[other].startswith(
        f"error: process {other} of 2 has lost another one, whose own message says why "
        "it has ended; "
    )
    if (rank, how) != ("0", "SIGKILL"):  # Which writes, and may not have yet.
        advice = "resume from run/checkpoint-10 with --auto-resume"
        assert ended.last_lines[other].endswith(advice)
    assert "Traceback" not in ended.logs[other]
    if other == 0:
        assert ranks.session()["exit_reason"].startswith("LostProcessError: process 0")


@pytest.mark.slow
def test_a_rank_that_hangs_is_named_and_waited_for_no_longer_than_the_limit(
    ranks,
) -> None:
    limit = ("--training.nccl_default_timeout_minutes", "0.3")
    ended = ranks.train(3, *limit, RANK_OF_IT="1", DO="freeze", EVENT="on_step_end")
    assert ended.codes == [1, None, 1]
    for rank in (0, 2):
        named = (
            f"error: process {rank} of 3 has waited in vain for process 1 (Timed out "
        )
        assert ended.last_lines[rank].startswith(named)
        assert "training.nccl_default_timeout_minutes" in ended.last_lines[rank]


@pytest.mark.slow
def test_a_lost_rank_never_keeps_the_other_from_ending(ranks) -> None:
    for _ in range(30):
        ended = ranks.train(2, RANK_OF_IT="0", DO="SIGKILL", EVENT="on_step_end")
        assert ended.codes == [-9, 1], ended.logs


def test_a_rank_that_reads_other_files_is_told_from_the_first(ranks) -> None:
    ended = ranks.train(3, ONE_MORE_ON_RANK="2", RANK_OF_IT="")
    assert ended.codes == [2, 2, 2]
    sentence = (
        "error: the number of training samples: 97 in process 0, but 98 in process 2; "
        "start all processes with the same config, the same files and one "
        "training.output_dir that all can read"
    )
    assert ended.last_lines == [sentence] * 3


def test_a_run_is_cut_short_by_a_signal_even_after_its_last_step() -> None:
    state = TrainingState(total_steps=10, steps_per_epoch=5, global_step=10)
    state.requests.cuts_short = True
    assert not state.is_cut_short
    state.requests.signal = 15
    assert state.is_cut_short
