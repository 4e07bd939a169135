"""`--dataset` and `--data`: the training data that a new model's config names."""

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from oumi_scaffold.cli import output
from oumi_scaffold.cli.generating.options import DataOptions
from oumi_scaffold.cli.inventory.registered import registered
from oumi_scaffold.cli.options import values_by_name
from oumi_scaffold.exceptions import DataOptionError, UnknownChoiceError, shown
from oumi_scaffold.rendering.answers import settable
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.source import Source
from oumi_scaffold.user_data.findings import UserData
from oumi_scaffold.user_data.inspecting import look_into
from oumi_scaffold.user_data.tables import SUFFIXES

# These read files that the user has to name.
_NEED_A_PATH = (
    "npz_file",
    "image_folder",
    "tabular",
    "text_classification",
    "text_lm",
    "text_pairs",
    "token_classification",
)

# Of more, reading takes seconds.
_NOTED_BYTES = 300_000_000

# The data of the built-in configs has some thousands.
_MANY_ROWS = 200_000

# With a larger share of one class, accuracy says little.
_UNEQUAL = 0.9

# So many columns are named, where more are alike.
_FEW_COLUMNS = 3
_NUM_MISSING = re.compile(r"^[\d,]+ missing values?")

# Constructor arguments that describe the data.
_OF_THE_DATA = ("num_classes", "num_features", "in_channels")


def training_data(
    options: DataOptions, source: Source, project: Path, settings: Mapping[str, str]
) -> dict[str, Value]:
    """Returns the template's variables for the data that the options name.

    Args:
        options: The options.
        source: The template.
        project: Where the config will be used.
        settings: What `--set` says.

    Raises:
        UnknownChoiceError: There is no such dataset.
        DataFileError: The data is not there, or not what the task needs.
        DataOptionError: It does not go with the template or the settings.
    """
    if options.dataset is not None:
        return _dataset_answers(options.dataset, source, project)
    if options.data is not None:
        columns = values_by_name("--column", "USE", options.columns)
        return _data_answers(Path(options.data), source, project, settings, columns)
    return {}


def _dataset_answers(name: str, source: Source, project: Path) -> dict[str, Value]:
    """Returns the template's variables for a registered dataset.

    Args:
        name: Its name, in any case; or that of one on the hub, which has a `/`.
        source: The template.
        project: The folder whose own datasets count, too.

    Raises:
        UnknownChoiceError: There is no such dataset.
        DataOptionError: It reads files, or the template has no place for it.
    """
    if "dataset_name" not in source.template.variables:
        message = f"--dataset has no place in the template {shown(source.where)}"
        raise DataOptionError(message)
    known = {each.name.lower(): each.name for each in registered("datasets", project)}
    if name.lower() in _NEED_A_PATH:
        raise DataOptionError(f"dataset {name} reads your files: use --data PATH")
    if "/" in name and len(name) < 200 and name.isascii() and name.isprintable():
        return {"dataset_name": name}
    if name.lower() not in known:
        raise UnknownChoiceError("dataset", name, sorted(known.values()))
    return {"dataset_name": known[name.lower()]}


def _data_answers(
    path: Path,
    source: Source,
    project: Path,
    settings: Mapping[str, str],
    columns: Mapping[str, str],
) -> dict[str, Value]:
    """Returns the template's variables for the user's own data.

    Args:
        path: The file or folder.
        source: The template.
        project: Where the config will be used.
        settings: What `--set` says; it may not contradict what the data is.
        columns: What `--column` says: the name of a column, by what it is for.

    Raises:
        DataFileError: The data is not there, or not what the task needs.
        DataOptionError: A setting contradicts it, or nothing reads it.
    """
    if not source.is_built_in:
        raise DataOptionError("--data works only with the built-in templates")
    _note_long_reading(path)
    data = look_into(path, source.where, columns)
    names = {each.name for each in registered("datasets", project)}
    if data.dataset_name not in names:
        raise DataOptionError(
            f"nothing reads {shown(str(path))} for {source.where} yet"
        )
    _check_settings(data, settings)
    _note_what_was_found(path, data)
    size = data.dataset_kwargs.get("image_size")
    if size is not None and "image_size" not in settings:
        output.note(
            f"the pictures of {path} are resized to {size} x {size} pixels; choose "
            "another size with --set image_size=SIZE"
        )
    left = [name for name in settable(source.template) if name not in settings]
    return data.answers(_seen_from(path, project), left)


def _note_what_was_found(path: Path, data: UserData) -> None:
    if data.is_shared:
        output.note(
            f"{path} has no splits: a tenth of it is used for validation, and another "
            "tenth for testing; change split_shares in the config if needed"
        )
    elif data.splits == ("train",):
        output.note(
            f"{path} has no splits: all of it is used for training; to evaluate too, "
            "make a folder of train, validation and test"
        )
    if data.lacking:
        output.note(
            f"{path}: {data.lacking}; such rows are left out, by on_bad_sample: skip "
            "in the config"
        )
    if data.largest is not None and data.largest.share >= _UNEQUAL:
        name, share = data.largest.name, math.floor(1000 * data.largest.share) / 1000
        output.note(
            f"{100 * share:g} % of {path} is of class {name!r}, and always predicting "
            f"that has an accuracy of {share:g}: go by macro_f1, also as "
            "metric_for_best_model: eval_macro_f1, and give F.cross_entropy in the "
            "model a weight for each class"
        )
    for columns, why in _alike(data.left_out):
        reason = output.printable(why)
        if columns.startswith("columns"):
            reason = reason.replace("it ", "each ", 1)
            output.note(f"{columns} are left out: {reason}")
        else:
            output.note(f"{columns} is left out: {reason}")
    for columns, what in _alike(data.encoded):
        output.note(f"{columns}: {output.printable(what)}")
    if data.num_rows >= _MANY_ROWS:
        output.note(
            f"the config is for small data, and {path} has {data.num_rows:,} rows: "
            "change its batch size, its epochs, logging_steps and save_steps"
        )


def _alike(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields columns, many of which are alike in wide tables, and what to say of them.

    Args:
        said: A clause by the column's name, which may begin with its missing values.
    """
    groups: dict[str, list[str]] = {}
    for name, clause in said.items():
        common = _NUM_MISSING.sub("missing values", clause)
        groups.setdefault(common, []).append(name)
    for common, names in groups.items():
        if len(names) <= _FEW_COLUMNS:
            yield from ((f"column {name!r}", said[name]) for name in names)
            continue
        shown = ", ".join(map(repr, names[:_FEW_COLUMNS]))
        yield f"columns {shown} and {len(names) - _FEW_COLUMNS} more", common


def note_misfits(source: Source, settings: Mapping[str, str]) -> None:
    """Notes where `--set` does not match the data of a built-in template.

    Args:
        source: The template.
        settings: What `--set` says.
    """
    usual = source.template.variables
    for name in _OF_THE_DATA:
        given, there = settings.get(name, ""), usual.get(name)
        if not given.isdecimal() or not isinstance(there, int) or int(given) == there:
            continue
        is_fitted = name == "in_channels" or int(given) < there
        output.note(
            f"the config names {usual['dataset_name']}, which has {name}={there}, "
            f"{'made to fit' if is_fitted else 'not'} {given}: name your own data "
            "there, or with --data"
        )


def _note_long_reading(path: Path) -> None:
    """Notes that a long table is read, so that nobody thinks the command hangs."""
    files = path.glob("train.*") if path.is_dir() else [path]
    for file in files:
        if file.suffix.lower() in SUFFIXES and file.is_file():
            size = file.stat().st_size
            if size >= _NOTED_BYTES:
                output.note(f"reading all {size / 1e9:.1f} GB of {shown(str(file))}")


def _check_settings(data: UserData, settings: Mapping[str, str]) -> None:
    for name, value in data.arguments.items():
        given = settings.get(name)
        is_resized = name == "image_size" and data.dataset_name == "image_folder"
        if given is not None and given != str(value) and not is_resized:
            raise DataOptionError(
                f"the data has {name}={value}, but --set says {shown(given)}: "
                "leave it out"
            )


def _seen_from(path: Path, project: Path) -> str:
    """The path from the project's folder, where it is inside; else from the root."""
    whole, folder = path.resolve(), project.resolve()
    if whole.is_relative_to(folder):
        return Path(os.path.relpath(whole, folder)).as_posix()
    return whole.as_posix()
