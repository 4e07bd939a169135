"""What a run left is read as it is, also where it is not whole."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from oumi_scaffold.exceptions import NoRunError
from oumi_scaffold.report.runs import Curve, read_run


def session(**values: object) -> dict:
    times = {
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:01:30+00:00",
    }
    return {**times, "exit_reason": "finished", "global_step": 3} | values


@pytest.fixture
def write(tmp_path: Path):
    """Writes the files of a run, and reads them."""

    def write_run(*lines: object, **record: object):
        content = {"sessions": [session()], **record}
        (tmp_path / "run.json").write_text(json.dumps(content))
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        (tmp_path / "metrics.jsonl").write_text("\n".join(texts))
        return read_run(tmp_path)

    return write_run


def test_each_metric_is_a_curve(write):
    run = write(
        {"step": 1, "epoch": 0.5, "loss": 2.0},
        {"step": 2, "epoch": 1.0, "eval_loss": 1.5},
        {"step": 3, "epoch": 1.5, "loss": 1.0, "learning_rate": 0.1},
    )
    assert run.curves == {
        "loss": Curve((1, 3), (2.0, 1.0)),
        "eval_loss": Curve((2,), (1.5,)),
        "learning_rate": Curve((3,), (0.1,)),
    }


def test_lines_and_values_that_are_not_whole_are_left_out(write):
    run = write(
        {"step": 1, "loss": 2.0, "grad_norm": float("nan"), "note": "x", "flag": True},
        {"loss": 9.0},
        [1],
        "nonsense",
        {"step": 2, "loss": 1.0},
        '{"step": 3, "lo',
    )
    assert run.curves == {"loss": Curve((1, 2), (2.0, 1.0))}


def test_a_run_without_metrics_has_no_curves(write, tmp_path):
    write()
    (tmp_path / "metrics.jsonl").unlink()
    assert read_run(tmp_path).curves == {}


def test_the_lowest_and_the_highest_value_come_with_the_first_such_step():
    curve = Curve((1, 2, 3, 4), (5.0, 1.0, 5.0, 1.0))
    assert (curve.lowest, curve.highest) == ((1.0, 2), (5.0, 1))


@pytest.mark.parametrize(
    ("sessions", "state", "step", "duration"),
    [
        ([session()], "finished", 3, timedelta(seconds=90)),
        ([session(), session(global_step=9)], "finished", 9, timedelta(minutes=3)),
        ([session(ended=None, exit_reason=None)], "did not end", 7, None),
        ([{}], "did not end", 7, None),
    ],
)
def test_the_state_is_that_of_the_last_session(write, sessions, state, step, duration):
    last = [] if step == 3 else [{"step": 7, "loss": 1.0}]
    run = write(*last, sessions=sessions)
    assert (run.state, run.step, run.duration) == (state, step, duration)


def test_settings_are_the_config_key_by_key(write):
    datasets = [{"dataset_name": "a", "kwargs": {}}, {"dataset_name": "b"}]
    run = write(config={"data": {"datasets": datasets}, "training": {"betas": [1, 2]}})
    assert run.settings == {
        "data.datasets[0].dataset_name": '"a"',
        "data.datasets[0].kwargs": "{}",
        "data.datasets[1].dataset_name": '"b"',
        "training.betas": "[1, 2]",
    }
    assert write(config=None).settings == {}


@pytest.mark.parametrize(
    "content", ["{", "[]", "3", "{}", '{"sessions": []}', '{"sessions": [1]}']
)
def test_a_damaged_record_is_named(tmp_path: Path, content: str):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(NoRunError, match=r"its run\.json is damaged"):
        read_run(tmp_path)


def test_a_folder_without_a_record_is_not_a_run(tmp_path: Path):
    with pytest.raises(NoRunError, match=r"it has no run\.json; give"):
        read_run(tmp_path)
    with pytest.raises(NoRunError):
        read_run(tmp_path / "missing")
