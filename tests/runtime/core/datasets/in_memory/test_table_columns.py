"""Tables of a split are given the same columns, with the categories of all."""

import pytest
import torch

from oumi_runtime.core.datasets import TableColumn
from oumi_runtime.core.datasets.in_memory.table_columns import unite
from oumi_runtime.exceptions import DataError

nan = float("nan")
FIRST = (TableColumn("city", ("Köln", "Rome")), TableColumn("age"))


def test_places_are_those_in_the_categories_of_all_tables():
    second = (
        TableColumn("city", ("Oslo", "Köln"), True),
        TableColumn("age", None, True),
    )
    values = [torch.tensor([[0.0, 5], [1, 6]]), torch.tensor([[0.0, 7], [nan, nan]])]
    columns, united = unite([FIRST, second], values)
    assert columns == (
        TableColumn("city", ("Köln", "Oslo", "Rome"), has_gaps=True),
        TableColumn("age", has_gaps=True),
    )
    assert united[0].tolist() == [[0, 5], [2, 6]]
    assert united[1].nan_to_num(nan=-1).tolist() == [[1, 7], [-1, -1]]
    assert values[0].tolist() == [[0, 5], [1, 6]]


def test_tables_that_are_alike_are_not_copied():
    values = [torch.zeros(1, 2), torch.ones(1, 2)]
    _, united = unite([FIRST, FIRST], values)
    assert all(one is other for one, other in zip(united, values, strict=True))


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (FIRST[::-1], "same columns in the same order, not 'city' and 'age' in one"),
        ((TableColumn("city"), FIRST[1]), "'city' is text in one table of the split"),
    ],
)
def test_columns_that_are_not_the_same_are_named(second, sentence):
    with pytest.raises(DataError, match=sentence):
        unite([FIRST, second], [torch.zeros(1, 2)] * 2)


def test_plain_columns_are_features_as_they_are():
    assert TableColumn("age").is_plain
    assert not TableColumn("age", has_gaps=True).is_plain
    assert not TableColumn("city", ()).is_plain
