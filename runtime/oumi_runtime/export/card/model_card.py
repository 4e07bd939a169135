"""The card of an export, `README.md`: what it is, and how to load it."""

import json
from pathlib import Path

from oumi_runtime.core.configs import DatasetParams
from oumi_runtime.core.trainers.run.record import read_record
from oumi_runtime.export.card.usage import example_code
from oumi_runtime.export.inputs.preparation import Preparation, preparation_of
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.results import ExportResult

CARD_FILENAME = "README.md"
_NUM_NAMED = 20


def model_card(result: ExportResult, run: TrainedRun) -> str:
    """Returns the text of the card.

    Args:
        result: The export.
        run: What it was exported from; its record says what the model was trained on.
    """
    prepared = preparation_of(run, {spec.name for spec in result.inputs})
    parts = [
        f"# {result.model}",
        _origin(run),
        "## How to load it",
        f"```python\n{example_code(result, run, prepared)}\n```",
        "## Inputs and outputs",
        _table(result),
        _remarks(result, run, prepared),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(run: TrainedRun) -> str:
    parameters = sum(p.numel() for p in run.model.parameters())
    sessions = (read_record(run.folder) or {}).get("sessions") or [{}]
    data = _data(run, sessions[-1].get("num_train_samples"))
    lines = [f"A model of {parameters:,} parameters, trained on {data}"]
    metrics = sessions[-1].get("metrics")
    if isinstance(metrics, dict) and metrics and run.model_dir == run.folder:
        lines += ["", "| metric | value |", "|---|---|"]
        lines += [
            f"| {name} | {value:.4g} |"
            for name, value in metrics.items()
            if isinstance(value, int | float)
        ]
    return "\n".join(lines)


def _data(run: TrainedRun, num_samples: object) -> str:
    """Returns the data that a model was trained on, as its user knows it.

    Args:
        run: The run.
        num_samples: The number of samples, if it was recorded.
    """
    datasets = run.config.data.train.datasets
    count = f"{num_samples:,} samples of " if isinstance(num_samples, int) else ""
    text = f"{count}{', '.join(map(_name, datasets))}."
    if len(datasets) != 1 or datasets[0].dataset_name.lower() != "tabular":
        return text
    features = run.reader.feature_columns
    names = [f"`{name}`" for name in features.are_texts or features.names or ()]
    if not names:
        return text
    label = datasets[0].dataset_kwargs.get("label_column", "label")
    more = len(names) - _NUM_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{text} It predicts `{label}` from {', '.join(names[:_NUM_NAMED])}{rest}."


def _name(dataset: DatasetParams) -> str:
    if dataset.dataset_path is None:
        return dataset.dataset_name
    path = Path(dataset.dataset_path)
    # Where it is on the machine of the training is nobody else's business.
    shown = path.name if path.is_absolute() else path.as_posix()
    return f"`{shown}` ({dataset.dataset_name})"


def _table(result: ExportResult) -> str:
    rows = ["| | name | dtype | shape |", "|---|---|---|---|"]
    for kind, specs in (("input", result.inputs), ("output", result.outputs)):
        for spec in specs:
            sizes = ", ".join(map(str, spec.shape))
            rows.append(f"| {kind} | `{spec.name}` | {spec.dtype} | ({sizes}) |")
    return "\n".join(rows)


def _remarks(result: ExportResult, run: TrainedRun, prepared: Preparation) -> str:
    lines = [
        f"The outputs differ by at most {result.largest_difference:.2g} from those of "
        "the model that was trained; `export.json` says the same for programs."
    ]
    if run.preprocessing.label_names is not None:
        shown = json.dumps(run.preprocessing.label_names[:20], ensure_ascii=False)
        lines.append(f"The classes, in the order of the logits: {shown}.")
    if run.preprocessing.table is not None:
        lines.append("`features.json` says how the columns of a table become features.")
    elif names := _columns(result, run):
        lines.append(f"The features, in their order: {', '.join(names)}.")
    if (images := prepared.images) is not None:
        colours = "grey" if images.channels == 1 else "RGB"
        size = images.image_size
        sides = "" if size is None else f", of {size} x {size} pixels"
        lines.append(f"Pictures are read as {colours}{sides}, with values in 0..1.")
    if run.preprocessing.tokenizer is not None:
        lines.append(
            f"Texts were cut to {run.preprocessing.max_length} tokens in training."
        )
    return "\n\n".join(lines)


def _columns(result: ExportResult, run: TrainedRun) -> list[str]:
    """Returns the columns that are features as they are, if they are known."""
    if [spec.name for spec in result.inputs] != ["features"] or run.has_own_collator:
        return []
    names = [*(run.reader.feature_columns.names or ())]
    return names if [len(names)] == result.inputs[0].shape[1:] else []
