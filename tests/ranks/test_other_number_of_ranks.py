"""Resuming with another number of processes."""

import pytest
from safetensors.torch import load_file

RESUME = ("--training.try_resume_from_last_checkpoint", "true")
LOG = ("--training.logging_steps", "3")
BATCH = "--training.per_device_train_batch_size"


@pytest.fixture
def cut_short(ranks):
    """A run in two processes, stopped after step 7, and the whole one."""
    assert ranks.train(2, *LOG, output="whole").codes == [0, 0]
    ended = ranks.train(
        2, *LOG, RANK_OF_IT="1", DO="SIGTERM", EVENT="on_step_end", STEP="7"
    )
    assert ended.codes == [143, 143]
    return ranks


@pytest.mark.parametrize(("processes", "batch"), [(1, "8"), (4, "2")])
def test_with_as_many_samples_a_step_it_goes_on(cut_short, processes, batch) -> None:
    ended = cut_short.train(processes, *LOG, *RESUME, BATCH, batch)
    assert ended.codes == [0] * processes, ended.logs
    sentence = (
        f"the 8 samples of a step are 8 samples ({batch} x 1 x {processes} processes)"
    )
    assert sentence in ended.logs[0]
    for name in ("loss", "eval_loss"):
        expected = cut_short.column(name, "whole")
        assert cut_short.column(name) == pytest.approx(expected, abs=1e-6)
    whole = load_file(cut_short.folder / "whole" / "model.safetensors")
    for name, weight in load_file(cut_short.folder / "run/model.safetensors").items():
        assert (weight - whole[name]).abs().max() < 1e-6, name


def test_in_as_many_processes_it_goes_on_exactly(cut_short) -> None:
    assert cut_short.train(2, *LOG, *RESUME).codes == [0, 0]
    for name in ("loss", "eval_loss", "grad_norm"):
        assert cut_short.column(name) == cut_short.column(name, "whole")


@pytest.mark.parametrize("processes", [1, 3])
def test_with_more_or_fewer_it_is_refused(cut_short, processes) -> None:
    ended = cut_short.train(processes, *RESUME)
    assert ended.codes == [2] * processes
    assert (
        "cannot resume from run/checkpoint-7: a step has 8 samples (4 x 1 x 2 "
        f"processes) in the checkpoint and {4 * processes} samples (4 x 1 x {processes}"
        " processes) now" in ended.last_lines[0]
    )
