"""What is found out about the user's data, and what a config and a model make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from oumi_scaffold.request.values import Value

SPLITS_IN_ORDER = ("train", "validation", "test")

DatasetKwargs = Mapping[str, str | bool | int | list[str]]
"""The arguments of a dataset, as a config gives them."""

_SHARES = "{train: 0.8, validation: 0.1, test: 0.1}"
# With fewer, a class might be in one split alone.
_FEWEST_TO_SHARE = 50


class Largest(NamedTuple):
    """The class that most of the data is of: its name or number, and its share."""

    name: str | int
    share: float


def largest_of(counts: Mapping[str | int, int]) -> Largest | None:
    """Returns the largest class of two or more, given how often each occurs."""
    if len(counts) < 2 or not (total := sum(counts.values())):
        return None
    name = max(counts, key=counts.__getitem__)
    return Largest(name, counts[name] / total)


@dataclass(frozen=True)
class UserData:
    """What reads the data, its splits, and what the constructor has to be given.

    Attributes:
        dataset_name: The registered dataset that reads it.
        splits: The splits that there are.
        dataset_kwargs: The dataset's arguments.
        arguments: The arguments of the model's constructor that the data determines.
        left_out: Why a column is not learned from, by its name.
        encoded: What becomes of a column that is not a feature as it is.
        num_rows: The rows or images without a split; 0 where each has one.
        is_shared: Whether the splits share those.
        lacking: How many rows have no label and are to be left out, in a clause.
        largest: The class that most of the data is of.
    """

    dataset_name: str
    splits: tuple[str, ...] = ("train",)
    dataset_kwargs: DatasetKwargs = field(
        default_factory=dict[str, str | bool | int | list[str]]
    )
    arguments: Mapping[str, int] = field(default_factory=dict[str, int])
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
    encoded: Mapping[str, str] = field(default_factory=dict[str, str])
    num_rows: int = 0
    is_shared: bool = False
    lacking: str = ""
    largest: Largest | None = None

    def shared(self) -> "UserData":
        """Returns the data in three splits, where it has none and rows enough."""
        if self.splits != ("train",) or self.num_rows < _FEWEST_TO_SHARE:
            return self
        return replace(self, splits=SPLITS_IN_ORDER, is_shared=True)

    def answers(self, path: str, settable: list[str]) -> dict[str, Value]:
        """Returns the template's variables that say so.

        Args:
            path: The data as the project sees it.
            settable: The constructor's arguments that the template knows.
        """
        return {
            "dataset_name": self.dataset_name,
            "dataset_path": path,
            "dataset_kwargs": dict(self.dataset_kwargs),
            "__splits": " ".join(
                name for name in SPLITS_IN_ORDER if name in self.splits
            ),
            "__split_shares": _SHARES if self.is_shared else "",
            **({"__on_bad_sample": "skip"} if self.lacking else {}),
            **{k: v for k, v in self.arguments.items() if k in settable},
        }
