"""Errors of the machine are told in one line."""

import errno
import os
from pathlib import Path

import pytest

from oumi_runtime.core.trainers.run import machine_errors
from oumi_runtime.core.trainers.run.machine_errors import plain_errors
from oumi_runtime.exceptions import (
    DiskFullError,
    FailingDiskError,
    GpuIndexError,
    LostProcessError,
)


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EROFS])
def test_a_disk_that_fails_is_named(tmp_path: Path, number: int) -> None:
    with pytest.raises(FailingDiskError) as caught, plain_errors(tmp_path):
        raise OSError(number, os.strerror(number), "/data/rows.csv")
    sentence = (
        f"the disk of /data/rows.csv fails: {os.strerror(number)}; what was saved"
    )
    assert str(caught.value).startswith(sentence)
    with pytest.raises(FailingDiskError, match=str(tmp_path)), plain_errors(tmp_path):
        raise OSError(number, os.strerror(number))


def test_a_full_disk_is_told_from_a_failing_one(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError), plain_errors(tmp_path):
        raise OSError(errno.ENOSPC, "no space")


def test_a_lost_process_is_told_with_the_newest_checkpoint(tmp_path: Path) -> None:
    sentence = "process 0 of 1 has lost another one"
    with pytest.raises(LostProcessError, match=sentence), plain_errors(tmp_path):
        raise RuntimeError("[/third_party/gloo/gloo/pair.cc:5] Connection closed")


@pytest.mark.parametrize(
    ("hanging", "named"),
    [([], "another one"), ([3], "process 3"), ([1, 3], "process 1 and process 3")],
)
def test_a_process_that_is_waited_for_in_vain_is_named_where_it_is_known(
    tmp_path: Path, monkeypatch, hanging: list[int], named: str
) -> None:
    monkeypatch.setattr(machine_errors, "silent_ranks", lambda: hanging)
    sentence = (
        rf"process 0 of 1 has waited in vain for {named} \(Timed out after 9 ms\)"
    )
    with pytest.raises(LostProcessError, match=sentence), plain_errors(tmp_path):
        raise RuntimeError("[/third_party/gloo/pair.cc:5] Timed out after 9 ms")


def test_an_index_out_of_range_on_a_gpu_is_told_with_how_to_find_it(tmp_path: Path):
    sentence = "index out of range, .* model.device_map: cpu tells which"
    with pytest.raises(GpuIndexError, match=sentence), plain_errors(tmp_path):
        raise RuntimeError(
            "CUDA error: device-side assert triggered\nCUDA kernel errors might be "
            "asynchronously reported at some other API call"
        )


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "gone"), RuntimeError("bug")])
def test_other_errors_stay_as_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, plain_errors(tmp_path):
        raise error
    assert caught.value is error
