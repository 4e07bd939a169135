"""What an error of a collective says of the other processes."""

import torch.distributed as dist

from oumi_runtime.core.lost_processes import is_lost_process, silent_ranks

LOST = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection"


def test_errors_about_lost_processes_are_told_from_others() -> None:
    assert is_lost_process(RuntimeError(LOST))
    assert is_lost_process(dist.DistNetworkError("gone"))
    assert not is_lost_process(RuntimeError("mat1 and mat2 shapes"))


def test_where_there_is_no_store_to_ask_no_process_is_named() -> None:
    assert silent_ranks() == []
