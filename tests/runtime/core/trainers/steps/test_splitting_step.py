"""A step that does not fit is made again in parts, with the same mathematics."""

import pytest
import torch

from oumi_runtime.core.datasets import ColumnDataset


def run(trainer) -> None:
    torch.manual_seed(1)
    trainer.train()


def limit_memory(trainer, most_samples: int) -> list[int]:
    """Has the model run out of memory with more samples; returns the sizes it ran."""
    forward, sizes = trainer.model.forward, []

    def limited(**batch):
        if trainer.model.training:
            if len(batch["labels"]) > most_samples:
                raise torch.OutOfMemoryError("out of memory")
            sizes.append(len(batch["labels"]))
        return forward(**batch)

    trainer.model.forward = limited
    return sizes


@pytest.mark.parametrize("accumulation", [1, 2])
@pytest.mark.parametrize("most_samples", [1, 3, 5])
def test_the_losses_are_those_of_the_whole_batch(
    make_trainer, dataset, most_samples, accumulation
) -> None:
    labels = dataset.columns["labels"].clone()
    labels[1::3] = -100
    masked = ColumnDataset({**dataset.columns, "labels": labels})
    options = {"gradient_accumulation_steps": accumulation}
    whole, expected = make_trainer(0.0, masked, **options)
    run(whole)
    parts, seen = make_trainer(0.0, masked, split_on_out_of_memory=True, **options)
    sizes = limit_memory(parts, most_samples)
    run(parts)
    assert max(sizes) <= most_samples
    assert list(seen.losses.values()) == pytest.approx(
        list(expected.losses.values()), abs=1e-6
    )


def test_it_keeps_to_the_size_that_fits(make_trainer, caplog) -> None:
    trainer, _ = make_trainer(0.0, split_on_out_of_memory=True)
    limit_memory(trainer, 3)
    with caplog.at_level("WARNING", "oumi_runtime"):
        run(trainer)
    assert [line for line in caplog.messages if "out of memory" in line] == [
        "out of memory with 8 samples; continuing with 4 at a time",
        "out of memory with 4 samples; continuing with 2 at a time",
    ]


def test_one_sample_that_does_not_fit_ends_the_training(make_trainer) -> None:
    trainer, _ = make_trainer(0.0, split_on_out_of_memory=True)
    limit_memory(trainer, 0)
    with pytest.raises(torch.OutOfMemoryError):
        run(trainer)


def test_without_being_asked_for_nothing_is_split(make_trainer) -> None:
    trainer, _ = make_trainer(0.0)
    limit_memory(trainer, 4)
    with pytest.raises(torch.OutOfMemoryError):
        run(trainer)
