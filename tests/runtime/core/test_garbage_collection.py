"""Garbage collection is suspended for a block, and resumed after it."""

import gc
import subprocess
import sys

import pytest

from oumi_runtime.core.garbage_collection import without_collecting_garbage

WHOLE_SEARCHES = """
import gc
import torch
searches = []
gc.callbacks.append(lambda phase, found: searches.append(found["generation"]))
import oumi_runtime.builders
print(searches.count(2), gc.isenabled())
"""


def test_garbage_is_collected_again_whatever_happens():
    seen: list[bool] = []

    @without_collecting_garbage()
    def reads() -> None:
        seen.append(gc.isenabled())
        raise OSError("unread")

    with pytest.raises(OSError, match="unread"):
        reads()
    assert [*seen, gc.isenabled()] == [False, True]


def test_what_was_not_collected_before_is_not_after():
    gc.disable()
    try:
        with without_collecting_garbage():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_builders_are_imported_without_a_search_through_what_torch_has_loaded():
    command = [sys.executable, "-c", WHOLE_SEARCHES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["0", "True"], done.stderr
