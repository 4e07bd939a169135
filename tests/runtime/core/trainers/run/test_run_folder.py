"""The files of an earlier run are moved aside together."""

from pathlib import Path

import pytest

from oumi_runtime.builders.preprocessing.preprocessing import FILENAMES
from oumi_runtime.core.trainers.run.folder import METRICS_FILENAME, move_earlier_run
from oumi_runtime.core.trainers.run.record import RECORD_FILENAME


@pytest.fixture
def output_dir(tmp_path: Path) -> Path:
    """The folder of a run, with its record and all that its model reads data by."""
    for name in (RECORD_FILENAME, *FILENAMES):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_what_a_model_reads_data_by_goes_with_it(output_dir: Path):
    (output_dir / METRICS_FILENAME).write_text("{}\n")
    (output_dir / "notes.txt").write_text("of the user")
    move_earlier_run(output_dir)
    earlier = output_dir / "previous-1"
    assert {*output_dir.iterdir()} == {earlier, output_dir / "notes.txt"}
    names = {path.name for path in earlier.iterdir()}
    assert names == {RECORD_FILENAME, METRICS_FILENAME, *FILENAMES}


def test_what_is_left_of_a_run_that_failed_at_once_is_deleted(output_dir: Path):
    move_earlier_run(output_dir)
    assert [*output_dir.iterdir()] == []
