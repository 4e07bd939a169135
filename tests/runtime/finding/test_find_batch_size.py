"""The batch-size search stops where memory ends, and changes nothing."""

import mmap

import pytest
import torch

from oumi_runtime.exceptions import NoBatchFitsError, SearchRangeError, SingleValueError
from oumi_runtime.finding import find_batch_size, memory, sized_steps

TEXTS = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 300, hidden_dim: 8}}
data:
  train:
    datasets: [{dataset_name: stdlib_docstrings, split: train, sample_count: 64}]
training: {per_device_train_batch_size: 8}
"""


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """Samples per second by size; those that are not there are as many as the size."""
    found: dict[int, float] = {}

    def measured(trainer, steps) -> float:
        size = trainer.params.per_device_train_batch_size
        return found.get(size, float(size))

    monkeypatch.setattr(sized_steps, "_samples_per_second", measured)
    return found


@pytest.fixture
def most_samples(bowl) -> list[int]:
    """Has a bowl run out of memory with more samples than the list says."""
    most = [10**9]

    def refuse(num_samples: int) -> None:
        if num_samples > most[0]:
            raise torch.OutOfMemoryError("out of memory")

    bowl.prepare = staticmethod(lambda made: setattr(made, "before_forward", refuse))
    return most


def sizes(found) -> list[int]:
    return [each.batch_size for each in found.tried]


def test_sizes_double_until_one_does_not_fit(make_config, most_samples, speeds) -> None:
    most_samples[0] = 16
    found = find_batch_size(make_config())
    assert sizes(found) == [1, 2, 4, 8, 16]
    assert found.ended_by == "batches of 32 do not fit in memory"
    assert found.largest.batch_size == 16
    assert found.samples_per_step == 32
    assert [e.gradient_accumulation_steps for e in found.tried] == [32, 16, 8, 4, 2]
    assert found.suggestion == found.fastest == found.largest


@pytest.mark.parametrize("largest", [None, 1])
def test_a_size_is_left_out_that_a_batch_norm_does_not_take(
    make_config, bowl, speeds, largest
) -> None:
    def prepare(made) -> None:
        made.norm = torch.nn.BatchNorm1d(1)
        made.before_forward = lambda count: made.norm(torch.rand(count, 1))

    bowl.prepare = staticmethod(prepare)
    if largest == 1:
        with pytest.raises(SingleValueError, match="layer 'norm' of Bowl normalizes"):
            find_batch_size(make_config(), largest=largest)
    else:
        assert sizes(find_batch_size(make_config()))[:2] == [2, 4]


def test_a_config_that_splits_its_steps_does_not_hide_the_limit(
    make_config, most_samples, speeds
) -> None:
    most_samples[0] = 5
    found = find_batch_size(make_config(split_on_out_of_memory=True))
    assert sizes(found) == [1, 2, 4]


@pytest.mark.parametrize(
    "message",
    ["DefaultCPUAllocator: can't allocate memory", "MPS backend out of memory"],
)
def test_memory_runs_out_in_other_words_too(
    make_config, bowl, speeds, message: str
) -> None:
    def refuse(num_samples: int) -> None:
        if num_samples > 2:
            raise RuntimeError(f"[enforce fail] {message}: you tried 8 bytes")

    bowl.prepare = staticmethod(lambda made: setattr(made, "before_forward", refuse))
    assert sizes(find_batch_size(make_config())) == [1, 2]


def test_another_error_is_not_taken_for_a_lack_of_memory(make_config, bowl) -> None:
    def fail(num_samples: int) -> None:
        raise RuntimeError("shapes do not go together")

    bowl.prepare = staticmethod(lambda made: setattr(made, "before_forward", fail))
    with pytest.raises(RuntimeError, match="shapes do not go together"):
        find_batch_size(make_config())


def test_nothing_that_fits_is_an_error(make_config, most_samples) -> None:
    most_samples[0] = 0
    with pytest.raises(NoBatchFitsError, match="possible: batches of 1 do not fit"):
        find_batch_size(make_config())


def test_the_largest_to_try_can_be_given(make_config, bowl, speeds) -> None:
    found = find_batch_size(make_config(), smallest=3, largest=20)
    assert sizes(found) == [3, 6, 12]
    assert found.ended_by == "20 is the largest size asked for"
    # No number of micro-batches of these sizes has 32 samples.
    assert found.suggestion is None


def test_no_size_is_larger_than_the_data(make_config, speeds) -> None:
    found = find_batch_size(make_config(TEXTS))
    assert sizes(found) == [1, 2, 4, 8, 16, 32, 64]
    assert found.ended_by == "the dataset has 64 samples"


def test_on_a_cpu_the_search_ends_where_larger_ones_are_no_faster(
    make_config, bowl, speeds
) -> None:
    speeds |= {8: 100.0, 16: 104.0, 32: 96.0}
    found = find_batch_size(make_config())
    assert sizes(found) == [1, 2, 4, 8, 16, 32]
    assert found.ended_by == "larger sizes are no faster"
    assert found.fastest.batch_size == 16
    assert found.suggestion.batch_size == 16


def test_larger_micro_batches_than_the_step_are_not_suggested(
    make_config, bowl, speeds
) -> None:
    found = find_batch_size(make_config(gradient_accumulation_steps=2), largest=256)
    assert found.fastest.batch_size == 256
    assert found.suggestion.batch_size == 64
    assert found.suggestion.gradient_accumulation_steps == 1
    assert [e.samples_per_step for e in found.tried] == [64] * 7 + [128, 256]


def test_on_a_cpu_the_next_size_must_have_room(
    make_config, bowl, speeds, monkeypatch
) -> None:
    peaks = iter([1_000, 1_100, 1_300, 1_700])
    monkeypatch.setattr(memory.PeakMemory, "read", lambda self: next(peaks))
    monkeypatch.setattr(memory, "_of_process", lambda name: 900)
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1_600)
    found = find_batch_size(make_config())
    # The next would be at 1,700 + 2 * 400, of which 900 are in use: 1,600 more. A
    # tenth of what is free stays free.
    assert sizes(found) == [1, 2, 4, 8]
    assert found.ended_by == (
        "batches of 16 would need about 0.0 GB more, and 0.0 GB are free"
    )


def test_the_weights_stay_as_they_are(make_config, bowl) -> None:
    find_batch_size(make_config(weight_decay=0.1), largest=2)
    assert torch.equal(bowl.made[-1].position, torch.ones(1))


def test_each_size_is_timed_for_as_long_as_it_takes(make_config, bowl) -> None:
    found = find_batch_size(make_config(), smallest=32, largest=32)
    made = bowl.made[-1]
    timed = sum(made.num_samples[1:])
    assert timed > 1000
    assert 0.5 < timed / found.tried[0].samples_per_second < 5


def test_the_longest_samples_are_tried_before_any_others(
    make_config, monkeypatch
) -> None:
    steps = []
    measured = sized_steps.Trainer

    class Spy(measured):
        def __init__(self, parts) -> None:
            super().__init__(parts)
            make = self.step
            self.step = lambda step: steps.append(step) or make(step)

    monkeypatch.setattr(sized_steps, "Trainer", Spy)
    monkeypatch.setattr(sized_steps, "_samples_per_second", lambda trainer, steps: 1.0)
    find_batch_size(make_config(TEXTS), smallest=4, largest=64)
    # The first has a second micro-batch: an accumulated gradient takes memory, too.
    assert [len(step) for step in steps] == [2, 1, 1]
    for step in steps:
        widths = [each.columns["attention_mask"].sum(1) for each in step]
        assert all(torch.equal(width, widths[0]) for width in widths)
    of_all = steps[-1][0].columns["attention_mask"].sum(1)
    assert len(of_all) == 16
    first = steps[0][0].columns["attention_mask"].sum(1)
    assert torch.equal(first, of_all[:4])
    assert torch.equal(of_all.sort(descending=True).values, of_all)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stream_is_read_for_each_size(
    make_config, streamed, speeds, num_workers: int
) -> None:
    config = make_config(streamed, dataloader_num_workers=num_workers)
    found = find_batch_size(config, largest=16)
    assert [(e.batch_size, e.gradient_accumulation_steps) for e in found.tried] == [
        (1, 8),
        (2, 4),
        (4, 2),
        (8, 1),
        (16, 1),
    ]


@pytest.mark.parametrize("limits", [(0, None), (-3, 8), (8, 4)])
def test_what_is_no_range_of_sizes_is_refused(make_config, limits) -> None:
    smallest, largest = limits
    with pytest.raises(SearchRangeError, match="the batch size cannot rise from"):
        find_batch_size(make_config(), smallest=smallest, largest=largest)


def test_the_peak_of_memory_is_that_since_the_last_reset() -> None:
    peak = memory.PeakMemory(torch.device("cpu"))
    peak.reset()
    before = peak.read()
    # Not by the allocator, which may keep what is given back.
    with mmap.mmap(-1, 200_000_000) as large:
        for _ in range(200):
            large.write(bytes(1_000_000))
    assert peak.read() - before > 150_000_000
    peak.reset()
    assert peak.read() - before < 150_000_000


def test_where_linux_says_nothing_the_peak_is_that_of_the_process(monkeypatch) -> None:
    monkeypatch.setattr(memory, "_of_process", lambda name: None)
    assert memory.PeakMemory(torch.device("cpu")).read() > 50_000_000


def test_a_gpu_is_left_to_say_itself_that_it_is_full() -> None:
    assert memory.lacking_for(10**18, torch.device("cuda")) is None
    assert memory.lacking_for(10**18, torch.device("cpu")) is not None
