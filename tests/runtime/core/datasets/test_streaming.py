"""Streams: the same rows every time, whoever makes samples of them."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    ColumnDataset,
    ReadRows,
    Stream,
    StreamSource,
    TextDataset,
)
from oumi_runtime.exceptions import BadRowError, DataError, DatasetArgumentError


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


def numbers(stream: Stream, stream_pass: int = 0) -> list[int]:
    return [stream[row]["number"] for row in stream.rows(stream_pass)]


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
        with pytest.raises(DataError, match="dataset 'lines' has no row"):
            list(Stream([source]))


def test_an_error_in_reading_names_the_last_row_that_was_read():
    with pytest.raises(BadRowError) as caught:
        list(Stream([StreamSource(Broken())]))
    expected = "after row 2 of dataset 'broken': OSError: the disk is gone"
    assert str(caught.value) == expected


def test_a_stream_that_is_read_whole_has_its_samples_by_number():
    dataset = ReadRows(Stream([StreamSource(Lines(3))]))
    assert len(dataset) == 3
    assert dataset[2] == {"number": 4}
    assert dataset.locate(1)[1] == 1


def test_samples_are_mapped_by_whoever_makes_them():
    stream = Stream([StreamSource(Lines(2))]).map(lambda sample: sample["number"] + 1)
    assert list(stream) == [1, 3]


def test_a_stream_of_texts_says_so_until_they_are_tokenized():
    stream = Stream([StreamSource(TextDataset(["a"], [0]))])
    assert stream.holds_text
    assert not stream.map(dict).holds_text
    assert not Stream([StreamSource(Lines())]).holds_text
