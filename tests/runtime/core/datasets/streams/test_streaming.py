"""Streams: the same rows every time, whoever makes samples of them."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    Block,
    BlockDataset,
    ColumnDataset,
    ReadRows,
    RowCollator,
    Stream,
    StreamSource,
    TextDataset,
    regroup,
)
from oumi_runtime.core.datasets.streams.blocks import cut
from oumi_runtime.core.datasets.streams.mixing import mix_rows
from oumi_runtime.exceptions import (
    BadRowError,
    BadSampleError,
    DataError,
    DatasetArgumentError,
)


class Lines(BaseIterableDataset):
    """Numbers; transforming one doubles it."""

    default_dataset = "lines"

    def __init__(self, count: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._data = range(count)

    def transform(self, sample: int) -> dict[str, Any]:
        return {"number": sample * 2}


class Broken(IterableDataset):
    dataset_name = "broken"

    def __iter__(self) -> Iterator[int]:
        yield from (1, 2)
        raise OSError("the disk\nis gone")


def numbers(stream: Stream, stream_pass: int = 0, start: int = 0) -> list[int]:
    return [
        int(samples[index]["number"])
        for block in stream.blocks(stream_pass, start)
        for samples in (stream.columns(block),)
        for index in range(len(block))
    ]


def test_a_users_own_stream_gives_transformed_rows():
    assert [sample["number"] for sample in Lines(3)] == [0, 2, 4]
    assert list(Lines(3).iter_raw()) == [0, 1, 2]
    assert Lines().dataset_name == "lines"
    assert Lines(dataset_name="other", split="test").split == "test"


def test_an_argument_that_no_class_takes_is_named():
    with pytest.raises(DatasetArgumentError, match="Lines takes no 'extra'"):
        Lines(extra=1)


def test_code_that_comes_with_a_dataset_is_never_run():
    with pytest.raises(DatasetArgumentError, match="trust_remote_code is true"):
        Lines(trust_remote_code=True)


def test_datasets_are_read_one_after_the_other():
    images = ColumnDataset({"number": torch.tensor([7, 8])})
    stream = Stream([StreamSource(Lines(2)), StreamSource(images)])
    assert [int(number) for number in numbers(stream)] == [0, 2, 7, 8]
    assert [sample["number"] for sample in stream] == numbers(stream)


def test_a_sample_count_cuts_and_repeats():
    assert numbers(Stream([StreamSource(Lines(4), sample_count=3)])) == [0, 2, 4]
    repeated = Stream([StreamSource(Lines(2), sample_count=5)])
    assert numbers(repeated) == [0, 2, 0, 2, 0]
    assert repeated.num_samples == 5


def test_a_length_is_known_only_where_every_dataset_tells_it():
    known = StreamSource(ColumnDataset({"number": torch.arange(3)}))
    cut = StreamSource(Lines(), sample_count=2)
    assert Stream([known, cut]).num_samples == 5
    assert Stream([known, StreamSource(Lines())]).num_samples is None
    mixture = Stream([known, cut], proportions=[0.5, 0.5], seed=3)
    assert mixture.num_samples == len(list(mixture))


@pytest.mark.parametrize("buffer_size", [1, 3, 10, 100])
def test_shuffling_keeps_every_row_and_differs_from_pass_to_pass(buffer_size: int):
    stream = Stream([StreamSource(Lines(40), shuffle_buffer_size=buffer_size, seed=1)])
    first = numbers(stream, 0)
    assert first == numbers(stream, 0)
    assert sorted(first) == list(range(0, 80, 2))
    assert (first == numbers(stream, 1)) == (buffer_size == 1)
    # A row is drawn from the buffer, so none comes more than its size too early.
    assert all(n // 2 - place < buffer_size for place, n in enumerate(first))


def test_a_dataset_is_told_which_pass_it_is():
    class Passes(IterableDataset):
        def set_epoch(self, epoch: int) -> None:
            self.epoch = epoch

        def __iter__(self) -> Iterator[dict[str, int]]:
            yield {"number": self.epoch}

    stream = Stream([StreamSource(Passes())])
    assert (numbers(stream, 0), numbers(stream, 4)) == ([0], [4])


def test_a_stream_without_rows_is_an_error_and_not_an_endless_wait():
    for source in (
        StreamSource(Lines(0)),
        StreamSource(Lines(0), sample_count=3),
        StreamSource(Lines(0), shuffle_buffer_size=2),
    ):
        with pytest.raises(DataError, match="dataset 'lines' has no rows"):
            list(Stream([source]))


def test_an_error_in_reading_names_the_last_row_that_was_read():
    with pytest.raises(BadRowError) as caught:
        list(Stream([StreamSource(Broken())]))
    expected = "after row 2 of dataset 'broken': OSError: the disk is gone (test_"
    assert str(caught.value).startswith(expected)


def test_a_stream_that_is_read_whole_has_its_samples_by_number():
    dataset = ReadRows(Stream([StreamSource(Lines(3))]))
    assert len(dataset) == 3
    assert dataset[2] == {"number": 4}
    assert dataset.locate(1)[1] == 1


def test_a_row_of_a_block_that_is_read_whole_is_named():
    class Squares(BlockDataset):
        dataset_name = "squares"

        def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
            for side in (1, 2):
                yield ColumnDataset({"image": torch.zeros(2, side, side)})

    dataset = ReadRows(Stream([StreamSource(Squares())]))
    rows = [(index, dataset[index]) for index in range(3)]
    with pytest.raises(BadRowError, match="row 3 of dataset 'squares'"):
        RowCollator(dataset)(rows)


def test_texts_are_prepared_by_whoever_makes_samples():
    def prepare(texts: TextDataset) -> ColumnDataset:
        return ColumnDataset({"number": torch.tensor([len(t) for t in texts.texts])})

    texts = StreamSource(TextDataset(["a", "bcd"], [0, 0]))
    assert numbers(Stream([texts]).changed(prepare=prepare)) == [1, 3]
    first = Stream([texts]).first_texts(1)
    assert first is not None
    assert first.columns["text"] == ["a"]
    assert Stream([StreamSource(Lines(2))]).first_texts(1) is None


def test_the_text_that_cannot_be_prepared_is_named():
    def prepare(texts: TextDataset) -> ColumnDataset:
        if "bad" in texts.texts:
            raise BadSampleError(texts.texts.index("bad"), "it is bad")
        return ColumnDataset({"number": torch.zeros(len(texts))})

    texts = TextDataset(["a", "b", "bad"], [0, 0, 0])
    texts.dataset_name = "mine"
    source = StreamSource(texts, shuffle_buffer_size=2, seed=3)
    with pytest.raises(BadRowError, match=r"^row 3 of dataset 'mine': it is bad$"):
        list(Stream([source], prepare=prepare))


@pytest.mark.parametrize("buffer_size", [None, 7])
@pytest.mark.parametrize("sample_count", [None, 120, 30])
@pytest.mark.parametrize("start", [0, 1, 49, 50, 51, 64, 200])
def test_a_pass_can_be_begun_anywhere(buffer_size, sample_count, start):
    images = ColumnDataset({"number": torch.arange(50)})
    sources = [
        StreamSource(images, sample_count, buffer_size, seed=5),
        StreamSource(Lines(30), shuffle_buffer_size=buffer_size),
    ]
    for stream in (Stream(sources), Stream(sources, proportions=[0.3, 0.7], seed=1)):
        assert numbers(stream, 1, start) == numbers(stream, 1)[start:]


def test_passes_can_follow_each_other_without_end():
    stream = Stream([StreamSource(Lines(5))])
    taken = list(cut(stream.endless(3), 10))
    rows = [int(row) for block in taken for row in block.rows]
    assert rows == [3, 4, 0, 1, 2, 3, 4, 0, 1, 2]


@pytest.mark.parametrize("until_all", [False, True])
@pytest.mark.parametrize("lengths", [(40, 60), (5000, 7), (1, 9000), (4096, 4097)])
def test_a_mixture_has_the_order_of_datasets_of_known_lengths(until_all, lengths):
    proportions = [0.4, 0.6]
    expected = mix_rows(lengths, proportions, until_all=until_all, seed=9)
    stream = Stream(
        [StreamSource(ColumnDataset({"number": torch.arange(n)})) for n in lengths],
        proportions=proportions,
        until_all=until_all,
        seed=9,
    )
    blocks = list(stream.blocks())
    assert torch.cat([block.sources for block in blocks]).equal(expected[0])
    assert torch.cat([block.rows for block in blocks]).equal(expected[1])
    assert stream.num_samples == len(expected[0])


def test_datasets_of_different_kinds_do_not_mix():
    sources = [StreamSource(Lines(9)), StreamSource(TextDataset(["a"] * 9, [0] * 9))]
    with pytest.raises(DataError, match="must be of one kind"):
        list(Stream(sources, proportions=[0.5, 0.5]))


def test_a_packed_stream_holds_what_the_packed_whole_holds():
    class Sequences(BaseIterableDataset):
        def __init__(self) -> None:
            super().__init__()
            self._data = [list(range(n % 7)) for n in range(200)]

        def transform(self, sample: list[int]) -> dict[str, Any]:
            return {"input_ids": torch.tensor(sample, dtype=torch.int64)}

    stream = Stream([StreamSource(Sequences())]).changed(block_size=10)
    samples = list(stream)
    whole = [number for n in range(200) for number in range(n % 7)]
    assert [int(n) for sample in samples for n in sample["input_ids"]] == whole
    assert {len(sample["input_ids"]) for sample in samples[:-1]} == {10}
    assert stream.num_samples is None
    later = [block.rows for block in stream.blocks(0, 5)]
    assert int(torch.cat(later)[0]) == 5


def test_regroup_keeps_the_order_and_the_size():
    whole = ColumnDataset({"number": torch.arange(11)})
    parts = [Block.of(whole.select(torch.arange(a, b)), 0, a) for a, b in pairs]
    grouped = list(regroup(parts, 4))
    assert [len(block) for block in grouped] == [4, 4, 3]
    assert torch.cat([block.rows for block in grouped]).tolist() == list(range(11))


pairs = [(0, 1), (1, 3), (3, 9), (9, 11)]
