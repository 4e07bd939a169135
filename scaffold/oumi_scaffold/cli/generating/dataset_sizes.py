"""The sizes of the samples of `--dataset`, for a module that is wrapped."""

from collections.abc import Mapping
from pathlib import Path

from oumi_scaffold.cli import output
from oumi_scaffold.exceptions import DataOptionError, shown
from oumi_scaffold.wrapping.parameters import whole_number

# They make images of any size.
_RESIZING = ("digits",)


def sizes_of_dataset(
    name: str,
    task: str,
    what: str,
    project: Path,
    given: Mapping[str, str],
) -> dict[str, int]:
    """Returns the sizes that the samples of a registered dataset tell.

    Args:
        name: The name of the dataset.
        task: The task.
        what: The module, for errors.
        project: The folder whose own datasets count, too.
        given: The sizes that `--set` says.

    Raises:
        WrappingError: The samples are not what models of the task take.
        DataOptionError: `--set` says something else.
    """
    # Imports torch.
    from oumi_runtime.core.registry import REGISTRY
    from oumi_runtime.wrapping import sizes_of_samples

    REGISTRY.add_search_root(project)
    sizes, notes = sizes_of_samples(name, task, what)
    for note in notes:
        output.note(note)
    for size, text in given.items():
        number = sizes.get(size)
        if number is None:
            continue
        chosen = whole_number(size, text)
        is_free = size == "image_size" and name in _RESIZING
        # Classes that come up in other samples may be more.
        is_enough = size == "num_classes" and chosen > number
        if chosen != number and not is_free and not is_enough:
            raise DataOptionError(
                f"the data has {size}={number}, but --set says {shown(text)}: "
                "leave it out"
            )
    return {size: n for size, n in sizes.items() if size not in given}
