"""Conditions under which checks of datasets apply; each returns why not, or ""."""

from oumi_runtime.testing.datasets.case import DatasetCase


def indexable(case: DatasetCase) -> str:
    """Samples that are read by index."""
    return "its samples come one after the other" if case.is_streamed else ""


def streamed_rows(case: DatasetCase) -> str:
    """Samples that come one after the other."""
    return "" if case.is_streamed else "its samples are read by index"


def known_length(case: DatasetCase) -> str:
    """A length."""
    return "" if case.length is not None else "it does not say how many samples it has"


def several_splits(case: DatasetCase) -> str:
    """More than one split."""
    return "" if len(case.splits) > 1 else "it has one split"


def class_labels(case: DatasetCase) -> str:
    """A known number of classes."""
    if case.num_classes is not None:
        return ""
    return "the number of classes is not known; give num_classes or label_names"


def tensors(case: DatasetCase) -> str:
    """Samples that are not texts."""
    return "its samples are texts, which are tokenized later" if case.are_texts else ""
