"""What is said of a row that cannot be read, whoever reads it."""

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, Subset

from oumi_runtime.core.datasets import ChosenRows, ColumnDataset
from oumi_runtime.core.datasets.rows.reading import RowReader, describe_row
from oumi_runtime.exceptions import BadRowError


class Fragile(Dataset):
    dataset_name = "fragile"
    dataset_path = "data/fragile.csv"

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> torch.Tensor:
        if index == 4:
            raise KeyError("age")
        return torch.tensor(index)


SENTENCE = (
    "row 5 of dataset 'fragile' (data/fragile.csv): KeyError: 'age' (test_rows.py:"
)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_bad_row_is_one_line_whoever_reads_it(num_workers: int):
    loader = DataLoader(RowReader(Fragile()), batch_size=2, num_workers=num_workers)
    with pytest.raises(BadRowError) as caught:
        list(loader)
    assert str(caught.value).startswith(SENTENCE)


def test_the_traceback_of_a_worker_is_kept_beside_the_line():
    with pytest.raises(BadRowError) as caught:
        list(DataLoader(RowReader(Fragile()), num_workers=1))
    assert 'raise KeyError("age")' in caught.value.__notes__[0]


def test_a_row_of_a_mixture_is_named_as_its_own_dataset_counts():
    plain = ColumnDataset({"x": torch.arange(3)})
    chosen = ChosenRows([plain, Fragile()], torch.tensor([7, 0, 3]))
    assert describe_row(chosen, 0).startswith("row 5 of dataset 'fragile'")
    assert describe_row(chosen, 1) == "row 1 of dataset 'ColumnDataset'"
    assert describe_row(Subset(chosen, [2]), 0).startswith("row 1 of dataset 'fragile'")
    assert [int(chosen[1]["x"]), int(chosen[2])] == [0, 0]
    with pytest.raises(KeyError):
        chosen[0]
