"""Checks of the splits of a dataset against each other."""

from collections import Counter

from oumi_runtime.testing.datasets.case import DatasetCase, samples_of
from oumi_runtime.testing.datasets.comparing import digest, form_of
from oumi_runtime.testing.datasets.needs import several_splits
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError

# Rows of few numbers are alike by chance, within a split as between two.
_LEEWAY = 0.05

_MOST_READ = 20_000


@check(needs=[several_splits])
def check_splits_share_no_samples(case: DatasetCase) -> None:
    """Catches samples that are both trained on and evaluated with.

    For example a constructor that ignores `split`, or bounds that overlap. Samples that
    occur several times within a split may occur in two.

    If it fails, look at what `split` chooses.
    """
    found = {
        split: [digest(s) for s in samples_of(case.made(split), most=_MOST_READ)]
        for split in case.splits
    }
    for split, samples in found.items():
        if not samples:
            raise CheckFailedError(f"the split {split!r} has no samples")
    for number, split in enumerate(case.splits):
        for other in case.splits[number + 1 :]:
            known = Counter(found[split])
            shared = sum(each in known for each in found[other])
            repeated = sum(count for count in known.values() if count > 1)
            natural = repeated / max(1, len(found[split]))
            allowed = natural + _LEEWAY if natural else 0.0
            if shared > allowed * len(found[other]):
                raise CheckFailedError(
                    f"{shared:,} of {len(found[other]):,} samples of {other!r} are "
                    f"also in {split!r}"
                )


@check(needs=[several_splits])
def check_splits_have_the_same_fields(case: DatasetCase) -> None:
    """Catches a split whose samples are of another kind than those trained on.

    For example labels that only the training split has, or classes that are numbered
    anew in each split.

    If it fails, look at what depends on `split`.
    """
    first, *others = case.splits
    sample = samples_of(case.dataset)[0]
    expected = {name: form_of(value) for name, value in sample.items()}
    for split in others:
        dataset = case.made(split)
        for each in samples_of(dataset)[:1]:
            forms = {name: form_of(value) for name, value in each.items()}
            if forms != expected:
                raise CheckFailedError(
                    f"a sample of {first!r} has {_listed(expected)}; one of {split!r} "
                    f"has {_listed(forms)}"
                )
        names = getattr(dataset, "label_names", None)
        if names != case.label_names:
            raise CheckFailedError(
                f"the label_names of {split!r} are {names}, those of {first!r} "
                f"{case.label_names}"
            )


def _listed(forms: dict[str, str]) -> str:
    return ", ".join(f"{name} ({form})" for name, form in forms.items())
