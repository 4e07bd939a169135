"""Reads rows with Hugging Face `datasets`: files, folders, and datasets on the hub.

The library is imported only when it is needed.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oumi_runtime.core.datasets.rows.bad_rows import is_leaving_out
from oumi_runtime.exceptions import DataError, MissingExtraError, first_line, suggestion

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".txt": "text",
}
_CONNECT_TIMEOUT_S = 5
_NONE_LEFT_OUT = (
    "; data.on_bad_sample: skip does not apply to files that Hugging Face `datasets` "
    "reads: correct the file, or read it with a built-in dataset such as tabular or "
    "text_classification"
)


def load_rows(
    name: str | None,
    path: str | None,
    *,
    subset: str | None = None,
    split: str | None = None,
    stream: bool = False,
    revision: str | None = None,
) -> Any:
    """Reads the rows of one split.

    Args:
        name: The dataset's name on the Hugging Face hub; ignored if `path` is given.
        path: A file (csv, tsv, json, jsonl, parquet, arrow, txt), which is read in
            full for any split; a folder of such files; or a folder written by
            `save_to_disk`.
        subset: The subset of a dataset that has several.
        split: The split to read; train if None.
        stream: Whether to read rows only as they are needed.
        revision: Branch, tag or commit of a dataset on the hub.

    Returns:
        A `datasets.Dataset`, or a `datasets.IterableDataset` when streaming.

    Raises:
        DataError: The dataset does not exist, or cannot be read.
        MissingExtraError: `datasets` is not installed.
    """
    what = str(path or name)
    datasets = _require_datasets(what)
    split = split or "train"
    arguments: dict[str, Any] = {"split": split, "streaming": stream}
    if path is None:
        if name is None:
            raise DataError("a dataset needs a name or a path; set dataset_path")
        _check_hub(name)
        arguments |= {"path": name, "name": subset, "revision": revision}
    elif Path(path).is_file():
        arguments |= {"path": _format_of(Path(path)), "data_files": {split: path}}
    elif Path(path).is_dir():
        if _is_saved(Path(path)):
            return _load_saved(Path(path), split, stream)
        arguments |= {"path": path, "name": subset}
    else:
        raise DataError(f"no file or folder at {path}; set dataset_path to one")
    try:
        with _without_progress_bars(datasets):
            return datasets.load_dataset(**arguments)
    except Exception as error:
        more = _NONE_LEFT_OUT if path and is_leaving_out() else ""
        raise DataError(f"{what}: {_reason(error)}{more}") from error


def _require_datasets(what: str) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        raise MissingExtraError("datasets", f"dataset {what!r}", "data") from error
    return datasets


@contextlib.contextmanager
def _without_progress_bars(datasets: Any) -> Iterator[None]:
    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def _format_of(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise DataError(
            f"{path} has an unknown file type; use one of {', '.join(_FORMATS)}"
        )
    return _FORMATS[suffix]


def _is_saved(folder: Path) -> bool:
    return any(
        (folder / name).is_file() for name in ("state.json", "dataset_dict.json")
    )


def _load_saved(folder: Path, split: str, stream: bool) -> Any:
    """Loads a split from `save_to_disk`'s folder; all rows if it has no splits."""
    import datasets

    try:
        saved = datasets.load_from_disk(str(folder))
    except Exception as error:
        raise DataError(f"{folder}: {_reason(error)}") from error
    if isinstance(saved, datasets.DatasetDict):
        there = [str(name) for name in saved]
        if split not in there:
            raise DataError(
                f"{folder} has no split {split!r}{suggestion(split, there)}, only "
                f"{', '.join(there)}"
            )
        saved = saved[split]
    return saved.to_iterable_dataset() if stream else saved


def _check_hub(name: str) -> None:
    """Checks within seconds that the hub is reachable, to avoid minutes of retries."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return  # The library goes straight to its cache of earlier downloads.
    try:
        get_session().head(constants.ENDPOINT, timeout=_CONNECT_TIMEOUT_S)
    except Exception as error:
        raise DataError(
            f"no dataset {name!r} is registered, and {constants.ENDPOINT} cannot be "
            f"reached to look for it ({str(error) or type(error).__name__}); correct "
            "the name, set dataset_path, or set HF_HUB_OFFLINE=1 to use earlier "
            "downloads"
        ) from error


def _reason(error: BaseException) -> str:
    """Returns the first line of the original error in the chain."""
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return first_line(error)
