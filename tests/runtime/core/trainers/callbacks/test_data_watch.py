"""A changed file is noticed; one that was only touched is not."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from oumi_runtime.core.datasets.fingerprints import Fingerprints, fingerprint, stamp
from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.callbacks import data_watch as module
from oumi_runtime.core.trainers.callbacks.data_watch import DataWatch
from oumi_runtime.exceptions import ChangedDataError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "b.csv").write_text("3,4\n")
    return tmp_path


def watch(folder: Path, **more: float) -> DataWatch:
    return DataWatch(Fingerprints({str(folder): fingerprint(folder)}, {}), **more)


def rewrite(path: Path, text: str) -> None:
    """Writes as much as there was, at another time."""
    path.write_text(text)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))


def test_a_file_of_other_content_is_named(folder: Path) -> None:
    watching = watch(folder)
    rewrite(folder / "b.csv", "3,5\n")
    with pytest.raises(ChangedDataError, match=r"b\.csv was changed while") as caught:
        watching.look()
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("name", ["b.csv", "c.csv"])
def test_a_file_more_or_less_is_a_change(folder: Path, name: str) -> None:
    watching, path = watch(folder), folder / name
    path.unlink() if path.exists() else path.write_text("5,6\n")
    with pytest.raises(ChangedDataError, match=f"{name} was changed"):
        watching.look()


def test_a_file_that_is_gone_is_said_to_be(folder: Path) -> None:
    path = folder / "a.csv"
    watching = DataWatch(Fingerprints({str(path): fingerprint(path)}, {}))
    path.unlink()
    with pytest.raises(ChangedDataError, match=r"a\.csv was deleted"):
        watching.look()


def test_a_file_written_anew_as_it_was_is_read_once_and_is_no_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching, read = watch(folder), []

    def noted(path: Path):
        read.append(path)
        return fingerprint(path)

    monkeypatch.setattr(module, "fingerprint", noted)
    rewrite(folder / "a.csv", "1,2\n")
    for _ in range(3):
        watching.look()
    assert read == [folder]


def test_it_looks_at_the_end_of_an_epoch_and_by_the_clock(folder: Path) -> None:
    patient, eager = watch(folder), watch(folder, seconds_between=0.0)
    rewrite(folder / "a.csv", "9,9\n")
    state = TrainingState(total_steps=20, steps_per_epoch=10, step_in_epoch=9)
    patient.on_step_end(state)
    with pytest.raises(ChangedDataError):
        eager.on_step_end(state)
    state.count_step()
    with pytest.raises(ChangedDataError):
        patient.on_step_end(state)


def test_it_looks_before_a_checkpoint(folder: Path) -> None:
    watching = watch(folder)
    rewrite(folder / "a.csv", "9,9\n")
    with pytest.raises(ChangedDataError):
        watching.on_save_begin(TrainingState(20, 10))


def test_data_that_cannot_be_read_is_said_to_have_changed_if_it_has(folder) -> None:
    watching = watch(folder)
    with pytest.raises(DataError, match="torn"), watching.explaining():
        raise DataError("torn")
    rewrite(folder / "a.csv", "9,9\n")
    with pytest.raises(ChangedDataError), watching.explaining():
        raise DataError("torn")


def test_dear_looks_take_a_hundredth_of_the_time(folder, monkeypatch) -> None:
    clock, looks = [1000.0], []

    def dear(path: Path):
        clock[0] += 5.0
        looks.append(clock[0])
        return stamp(path)

    monkeypatch.setattr(module, "stamp", dear)
    by_hand = SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr(module, "time", by_hand)
    watching = watch(folder)
    state = TrainingState(total_steps=2000, steps_per_epoch=10)
    for _ in range(1200):
        clock[0] += 1.0
        state.count_step()
        watching.on_save_begin(state)
        watching.on_step_end(state)
    assert len(looks) == 3  # The first, and after 500 seconds each.
    rewrite(folder / "a.csv", "9,9\n")
    with pytest.raises(ChangedDataError), watching.explaining():
        raise DataError("torn")


@pytest.fixture
def evaluated(folder: Path) -> tuple[DataWatch, Path]:
    """A watch of one file that is trained on, and one that is evaluated on."""
    train, path = folder / "a.csv", folder / "b.csv"
    watching = DataWatch(
        Fingerprints({str(train): fingerprint(train)}, {str(path): fingerprint(path)})
    )
    return watching, path


@pytest.mark.parametrize("content", ["3,5\n", None])
def test_a_file_that_is_evaluated_on_alone_is_a_warning_once(
    evaluated, caplog, content
) -> None:
    watching, path = evaluated
    rewrite(path, content) if content else path.unlink()
    watching.look()
    watching.look()
    (line,) = [record.getMessage() for record in caplog.records]
    what = "changed" if content else "deleted"
    assert line.startswith(f"{path} was {what}; later evaluations may not")


def test_an_evaluation_that_its_changed_file_breaks_is_told_so(evaluated) -> None:
    watching, path = evaluated
    path.unlink()
    watching.look()
    with (
        pytest.raises(ChangedDataError, match=r"b\.csv was deleted while"),
        watching.explaining(),
    ):
        raise DataError("no such file")


def test_a_file_that_is_trained_on_ends_the_run_whatever_else_is_watched(
    evaluated,
) -> None:
    watching, path = evaluated
    rewrite(path.with_name("a.csv"), "1,3\n")
    with pytest.raises(ChangedDataError, match=r"a\.csv was changed"):
        watching.look()
