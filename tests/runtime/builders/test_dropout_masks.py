"""Masks that are drawn faster are torch's own, and so is what is drawn after them."""

import pytest
import torch
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from oumi_runtime.builders import build_trainer, dropout_masks, training
from oumi_runtime.builders.dropout_masks import draw_masks_faster, draws_as_torch
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.models import MLPEncoder

MANY = 70_001
SHAPES = {
    "row": torch.empty(MANY),
    "matrix": torch.empty(300, 300),
    "images": torch.empty(8, 16, 30, 30),
    "images by pixel": torch.empty(8, 16, 30, 30, memory_format=torch.channels_last),
    "volumes by voxel": torch.empty(
        2, 16, 10, 15, 9, memory_format=torch.channels_last_3d
    ),
    "turned": torch.empty(300, 100).T,
    "with holes": torch.empty(300, 200)[:, ::2],
    "from the middle": torch.empty(90_000)[7:80_001],
    "few": torch.empty(100),
}


@pytest.fixture(autouse=True)
def faster() -> None:
    if not draw_masks_faster(torch.device("cpu")):
        pytest.skip("torch draws in another way here, so nothing is replaced")


def drawn_by_torch(like: torch.Tensor, p: float, seed: int) -> torch.Tensor:
    """In parts too small for another way, in the order that the numbers lie in."""
    generator = torch.Generator().manual_seed(seed)
    parts = torch.empty(like.numel(), dtype=like.dtype).split(1000)
    row = torch.cat([part.bernoulli_(p, generator=generator) for part in parts])
    by_stride = sorted(range(like.ndim), key=lambda i: -like.stride(i))
    lying = row.view([like.shape[i] for i in by_stride])
    return lying.permute([by_stride.index(i) for i in range(like.ndim)])


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_the_mask_is_the_one_that_torch_draws(name, p):
    mask = SHAPES[name]
    given = mask.bernoulli_(p, generator=torch.Generator().manual_seed(1))
    assert given is mask
    assert torch.equal(mask, drawn_by_torch(mask, p, 1))


@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.bfloat16, torch.float16, torch.bool, torch.int64],
    ids=str,
)
def test_so_it_is_in_every_type(dtype):
    mask = torch.empty(MANY, dtype=dtype)
    mask.bernoulli_(0.3, generator=torch.Generator().manual_seed(2))
    assert torch.equal(mask, drawn_by_torch(mask, 0.3, 2))


def test_what_is_drawn_afterwards_is_the_same():
    ours, theirs = (torch.Generator().manual_seed(3) for _ in range(2))
    torch.empty(MANY).bernoulli_(0.5, generator=ours)
    for part in torch.empty(MANY).split(1000):
        part.bernoulli_(0.5, generator=theirs)
    assert torch.equal(ours.get_state(), theirs.get_state())


def test_the_default_generator_is_drawn_from_where_none_is_given():
    masks = []
    for _ in range(2):
        torch.manual_seed(4)
        masks.append(F.dropout(torch.ones(MANY), 0.25) > 0)
    assert torch.equal(*masks)
    assert torch.equal(masks[0], drawn_by_torch(torch.empty(MANY), 0.75, 4) > 0)


def test_dropout_has_its_gradient():
    inputs = torch.ones(MANY, requires_grad=True)
    dropped = F.dropout(inputs, 0.5)
    dropped.sum().backward()
    assert inputs.grad is not None
    assert torch.equal(inputs.grad, dropped)
    assert 0.49 < (dropped > 0).float().mean() < 0.51


def operators(mask: torch.Tensor) -> set[str]:
    with profile(activities=[ProfilerActivity.CPU]) as found:
        mask.bernoulli_(0.5)
    return {event.key for event in found.key_averages()}


def test_large_masks_alone_are_drawn_in_the_other_way():
    assert "aten::uniform_" in operators(SHAPES["images by pixel"])
    assert "aten::uniform_" not in operators(SHAPES["few"])
    assert "aten::uniform_" not in operators(SHAPES["with holes"])


def test_a_share_that_is_none_is_refused_as_before():
    with pytest.raises(RuntimeError, match="p"):
        torch.empty(MANY).bernoulli_(1.5)


def test_nothing_is_replaced_where_torch_draws_other_numbers():
    def other_numbers(mask, p, generator):
        return torch.lt(mask.uniform_(generator=generator), p, out=mask)

    def other_state(mask, p, generator):
        dropout_masks._draw(mask, p, generator)
        torch.rand(1, generator=generator)
        return mask

    assert draws_as_torch(dropout_masks._draw)
    assert not draws_as_torch(other_numbers)
    assert not draws_as_torch(other_state)


def test_nothing_is_replaced_for_a_model_elsewhere():
    assert not draw_masks_faster(torch.device("meta"))


def test_a_trainer_is_built_with_it(tmp_path, monkeypatch):
    devices: list[torch.device] = []
    monkeypatch.setattr(training, "draw_masks_faster", devices.append)
    columns = {"input_ids": torch.ones(2, 3).long(), "labels": torch.zeros(2).long()}
    build_trainer(
        TrainingParams(output_dir=str(tmp_path), max_steps=1),
        model=MLPEncoder(9, 4, 2),
        train_dataset=ColumnDataset(columns),
    )
    assert devices == [torch.device("cpu")]
