"""The data section: which datasets each split is made of."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import MISSING, BaseParams, section
from oumi_runtime.core.configs.params.field_types import (
    EMPTY_LIST,
    CountOrAuto,
    Kwargs,
    Natural,
    OneOf,
    Seed,
    Share,
    choice,
    wrong,
)
from oumi_runtime.core.configs.unsupported import CHAT
from oumi_runtime.exceptions import SectionError


class DatasetSplit(StrEnum):
    """What a dataset is used for."""

    TRAIN = "train"
    TEST = "test"
    VALIDATION = "validation"


class MixtureStrategy(StrEnum):
    """When a mixture of several datasets ends."""

    FIRST_EXHAUSTED = "first_exhausted"
    ALL_EXHAUSTED = "all_exhausted"


class OnBadSample(StrEnum):
    """What becomes of a sample that cannot be used."""

    RAISE = "raise"
    SKIP = "skip"


_CHAT_COLLATORS = (
    "vision_language_with_padding",
    "vision_language_sft",
    "text_completions_only_with_padding",
)
COLLATORS = ("text_with_padding",)
_COLLATOR = OneOf({}, (), dict.fromkeys(_CHAT_COLLATORS, CHAT), is_open=True)
_TOLERANCE = 1e-4


def _no_scripts(given: bool) -> bool:
    if given:
        raise wrong(
            "true is not possible: `datasets` no longer runs code that comes with a "
            "dataset; write false, and use a dataset that is plain files"
        )
    return given


# A zip archive, whose arrays may be compressed, has no rows to read one by one.
_READ_WHOLE = ("npz_file",)
# Files of which a stream reads many rows at a time, and all or none of them.
_READ_IN_BLOCKS = (
    "tabular",
    "text_classification",
    "text_lm",
    "text_pairs",
    "token_classification",
)


@section
class DatasetParams(BaseParams):
    """One dataset."""

    dataset_name: StrictStr = MISSING
    """A registered name, in any case; or the name of a dataset on the Hugging Face hub.
    Required."""

    dataset_path: StrictStr | None = None
    """The file or folder that the dataset reads, relative to the working folder."""

    subset: StrictStr | None = None
    """The subset of the dataset, if it has several; None for its default."""

    split: StrictStr = "train"
    """The dataset's name of the split to read, such as train, validation or test."""

    split_shares: dict[StrictStr, Share] | None = None
    """For data without splits, such as a single file: the fraction of rows for each
    split, as in {train: 0.8, validation: 0.1, test: 0.1}, which must sum to 1; `split`
    selects the one to read. The split of a row depends on its number alone. A single
    text, such as a .txt file of `text_lm`, is cut at ends of lines: its beginning is
    for train, and its end for test."""

    dataset_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for the dataset's constructor."""

    sample_count: Natural | None = None
    """The number of samples to use, at least 1; they are repeated if there are fewer.
    None for all."""

    mixture_proportion: Share | None = None
    """The fraction of the split's samples that come from this dataset, 0 to 1. If one
    dataset of a split sets it, all must, and they must sum to 1."""

    shuffle: StrictBool = False
    """Whether to shuffle the samples before `sample_count` of them are taken."""

    seed: Seed | None = None
    """The seed of `shuffle`; 0 to 2**32 - 1. None for the seed of the split."""

    shuffle_buffer_size: Natural = 1000
    """The size of the buffer that `shuffle` draws from when streaming, at least 1."""

    trust_remote_code: Annotated[StrictBool, AfterValidator(_no_scripts)] = False
    """Must be false: code that comes with a dataset is never run."""

    transform_num_workers: CountOrAuto | None = None
    """Tokenization processes, at least 0; `auto` for one per core. None for none."""

    @property
    def is_named(self) -> bool:
        """Whether a name is given."""
        return self.dataset_name != MISSING and bool(self.dataset_name.strip())

    def __finalize_and_validate__(self) -> None:
        """Checks that a dataset is named, and that the shares sum to 1."""
        if not self.is_named:
            raise SectionError({"dataset_name": "is missing; write a registered name"})
        if self.split_shares is None:
            return
        total = sum(self.split_shares.values())
        if abs(total - 1) > _TOLERANCE:
            sentence = f"the shares add up to {total:g}; they must sum to 1"
            raise SectionError({"split_shares": sentence})
        if not self.split_shares.get(self.split):
            sentence = f"gives no share to {self.split!r}, the split to read; add it"
            raise SectionError({"split_shares": sentence}, {"split_shares": ["split"]})


@section
class DatasetSplitParams(BaseParams):
    """The datasets of one split."""

    datasets: Annotated[list[DatasetParams], EMPTY_LIST] = Field(default_factory=list)
    """The datasets; an empty list means that there is no such split."""

    collator_name: Annotated[StrictStr, _COLLATOR] | None = None
    """The collator that batches samples: `text_with_padding`, or a registered one. None
    pads sequences of different lengths, and gathers in-memory columns directly."""

    collator_kwargs: Kwargs = Field(default_factory=dict)
    """Additional arguments for the named collator; those of `text_with_padding` are
    `max_length`, `pad_token_id`, `label_ignore_index` and `pad_to_multiple_of`."""

    pack: StrictBool = False
    """Whether to concatenate token sequences and cut them into blocks of
    `model.model_max_length`; texts without labels are always packed. Batches of full
    blocks have no `attention_mask`."""

    stream: StrictBool = False
    """Whether to read samples as they are needed, rather than all at the start. If
    their number is not known, set `training.max_steps` or `sample_count`."""

    target_col: StrictStr | None = None
    """The column that holds the text, if a dataset has several; None for its
    default."""

    mixture_strategy: Annotated[StrictStr, choice(*MixtureStrategy)] = "first_exhausted"
    """When a mixture ends: `first_exhausted`, as soon as one dataset is used
    up, or `all_exhausted`, when all are, with short ones repeated."""

    seed: Seed | None = None
    """The seed of the mixture; 0 to 2**32 - 1. None for `training.data_seed`."""

    use_torchdata: StrictBool | None = None
    """Accepted for compatibility with Oumi; the batches are the same whatever the
    value."""

    def __finalize_and_validate__(self) -> None:
        """Checks that proportions are given for all datasets or none, and sum to 1."""
        wrong: dict[str, str] = {}
        whole = [d for d in self.datasets if d.dataset_name.lower() in _READ_WHOLE]
        if self.stream and whole:
            wrong["stream"] = (
                f"true is not possible: {whole[0].dataset_name} reads its archive "
                "whole; write false, or keep the rows in a parquet file"
            )
        if self.stream and any(d.split_shares for d in self.datasets):
            wrong["stream"] = (
                "true is not possible with split_shares, for which all rows are read; "
                "write false, or put each split into a file"
            )
        if self.collator_kwargs and self.collator_name is None:
            wrong["collator_kwargs"] = (
                "has no effect without collator_name; name the collator"
            )
        if wrong:
            raise SectionError(wrong, {"collator_kwargs": ["collator_name"]})
        parts = [dataset.mixture_proportion for dataset in self.datasets]
        given = [part for part in parts if part is not None]
        if not given:
            return
        if len(given) < len(parts):
            key = f"datasets.{parts.index(None)}.mixture_proportion"
            sentence = "is missing; where one dataset has it, every dataset needs it"
            raise SectionError({key: sentence})
        if abs(sum(given) - 1) > _TOLERANCE:
            sentence = f"the proportions add up to {sum(given):g}; they must sum to 1"
            raise SectionError(
                {f"datasets.{len(parts) - 1}.mixture_proportion": sentence}
            )


@section
class DataParams(BaseParams):
    """The datasets of each split."""

    train: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """The training data."""

    test: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """The data for `evaluate`."""

    validation: DatasetSplitParams = Field(default_factory=DatasetSplitParams)
    """The data for evaluation during training."""

    on_bad_sample: Annotated[StrictStr, choice(*OnBadSample)] = "raise"
    """What becomes of a row that cannot be read, transformed or put into a batch, in
    training and evaluation alike: `raise` ends the run and names it, `skip` leaves it
    out. One of a file that is read whole at the start is not among the samples; any
    other is missing in its batch, and all others stay in theirs. Files that stream, and
    streams that are packed, are refused with `skip`; so is the transformers trainer."""

    max_bad_samples: Natural = 100
    """How many rows each process may leave out, at least 1; one more ends the run. A
    row counts once, however often its turn comes and however many splits read it."""

    def __finalize_and_validate__(self) -> None:
        """Checks that bad rows can be left out of what streams, if they are to be."""
        if self.on_bad_sample != OnBadSample.SKIP:
            return
        wrong = {
            f"{split.value}.stream": (
                f"true is not possible with on_bad_sample: skip, which cannot leave "
                f"rows out of {name!r} while it streams; write false, or "
                "on_bad_sample: raise"
            )
            for split, name in self.streamed_in_blocks().items()
        }
        if wrong:
            raise SectionError(wrong, {key: ["on_bad_sample"] for key in wrong})

    def streamed_in_blocks(self) -> dict[DatasetSplit, str]:
        """Returns the dataset of each split that streams in blocks of rows, if any.

        None of these rows can be left out.
        """
        found: dict[DatasetSplit, str] = {}
        for split in DatasetSplit:
            params = self.get_split(split)
            names = [dataset.dataset_name for dataset in params.datasets]
            blocks = [name for name in names if name.lower() in _READ_IN_BLOCKS]
            if params.stream and blocks:
                found[split] = blocks[0]
        return found

    def get_split(self, split: DatasetSplit) -> DatasetSplitParams:
        """Returns the datasets of a split."""
        splits = {
            DatasetSplit.TRAIN: self.train,
            DatasetSplit.TEST: self.test,
            DatasetSplit.VALIDATION: self.validation,
        }
        return splits[split]
