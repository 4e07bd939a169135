"""The data section: which datasets each split is made of."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictInt, StrictStr

from oumi_runtime.core.configs.params.base_params import MISSING, BaseParams, section
from oumi_runtime.core.configs.params.field_types import EMPTY_LIST, Kwargs
from oumi_runtime.exceptions import SectionError


class DatasetSplit(StrEnum):
    """What a dataset is used for."""

    TRAIN = "train"
    TEST = "test"
    VALIDATION = "validation"


@section
class DatasetParams(BaseParams):
    """One dataset."""

    dataset_name: StrictStr = MISSING
    """A registered name, in any case. Required."""

    dataset_path: StrictStr | None = None
    """The file or folder of a dataset that reads the user's own; relative to the
    working folder."""

    subset: StrictStr | None = None
    """The part of the dataset, where it has several; None for its usual one."""

    split: StrictStr = "train"
    """The dataset's name of the split to read, such as train, validation or test."""

    dataset_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of the dataset's constructor, by name."""

    sample_count: Annotated[StrictInt, Field(ge=1)] | None = None
    """How many samples to use, at least 1; None for all."""

    def __finalize_and_validate__(self) -> None:
        """Checks that there is a name."""
        if self.dataset_name == MISSING or not self.dataset_name.strip():
            raise SectionError({"dataset_name": "is missing; write a registered name"})


@section
class DatasetSplitParams(BaseParams):
    """The datasets of one split."""

    datasets: Annotated[list[DatasetParams], EMPTY_LIST] = Field(default_factory=list)
    """The datasets, one after the other; none leaves the split out."""


@section
class DataParams(BaseParams):
    """The splits."""

    train: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """What the model learns from."""

    test: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """What `evaluate` measures on."""

    validation: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """What is measured during training."""

    def get_split(self, split: DatasetSplit) -> DatasetSplitParams:
        """Returns the datasets of a split."""
        splits = {
            DatasetSplit.TRAIN: self.train,
            DatasetSplit.TEST: self.test,
            DatasetSplit.VALIDATION: self.validation,
        }
        return splits[split]
