"""Exports a trained model: opens it, writes it, loads it again, puts it in place."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.log import show_log
from oumi_runtime.core.models.logit_meanings import logit_meaning
from oumi_runtime.core.models.saved_form import one_line
from oumi_runtime.core.trainers.run.record import versions
from oumi_runtime.exceptions import ExportError, ExportSourceError, suggestion
from oumi_runtime.export.card.model_card import CARD_FILENAME, model_card
from oumi_runtime.export.comparing import largest_difference
from oumi_runtime.export.description import input_specs, output_specs
from oumi_runtime.export.destination import (
    DESCRIPTION_FILENAME,
    require_free,
    staged,
)
from oumi_runtime.export.huggingface.folder import write_huggingface
from oumi_runtime.export.huggingface.loading import run_huggingface
from oumi_runtime.export.inference import Outputs, outputs_for, predictions_in
from oumi_runtime.export.inputs.preparation import (
    preparation_of,
    require_same_preparation,
)
from oumi_runtime.export.inputs.sampling import Samples, sample_batches
from oumi_runtime.export.opening import TrainedRun, open_run
from oumi_runtime.export.programs.onnx_model import (
    in_full_precision,
    require_onnx,
    run_onnx,
    write_onnx,
)
from oumi_runtime.export.programs.torch_program import run_program, trace, write_program
from oumi_runtime.export.results import ExportFormat, ExportResult


def export(
    source: str | Path,
    format: ExportFormat | str,
    dest: str | Path,
    *,
    force: bool = False,
) -> ExportResult:
    """Exports the model of a run.

    Args:
        source: The output folder of a run, or one of its checkpoints.
        format: `huggingface`, `torch` or `onnx`.
        dest: The folder to write: new, or empty. It appears when it is complete.
        force: Whether to replace an earlier export.

    Returns:
        What was written, and how far its outputs are from those of the model.

    Raises:
        ExportConflictError: Something is at `dest` that is not to be replaced.
        ExportSourceError: There is no run, or the source of its model cannot be carried
            along.
        ExportError: The model cannot be exported, or the export computes something
            else. Nothing is written.
        MissingExtraError: A library is not installed.
        SavedModelError: The model is damaged, or cannot be saved.
    """
    show_log()
    form = _format_of(format)
    folder = Path(dest)
    require_free(folder, Path(source), force=force)
    if form is ExportFormat.ONNX:
        require_onnx()
    run = open_run(source)
    if form is ExportFormat.ONNX:
        run = in_full_precision(run)
    samples = sample_batches(run)
    with staged(folder) as staging:
        result = replace(_written(run, form, samples, staging), folder=folder)
        _describe(result, run, staging)
    return result


def _written(
    run: TrainedRun, form: ExportFormat, samples: Samples, staging: Path
) -> ExportResult:
    """Writes the model alone, and compares it."""
    batches = samples.inputs
    expected = [predictions_in(outputs_for(run.model, batch)) for batch in batches]
    if not expected[0]:
        cause = (
            "its forward returns nothing to serve besides a loss; return, for example, "
            "logits by this name, too"
        )
        raise ExportError(run.name, form, cause)
    inputs = input_specs(samples)
    outputs = output_specs(inputs, batches, expected)
    meaning = logit_meaning(run.model, batches[0])
    auto_class: str | None = None
    found: list[Outputs]
    preparation = preparation_of(run, {spec.name for spec in inputs})
    if form is ExportFormat.HUGGINGFACE:
        names = [spec.name for spec in inputs]
        auto_class, has_code = write_huggingface(
            run, staging, names, expected[0], preparation, meaning
        )
        with_targets = _with_targets(samples)
        expected += [outputs_for(run.model, batch) for batch in with_targets]
        batches = [*batches, *with_targets]
        found = run_huggingface(
            run, staging, batches, auto_class, preparation, has_code=has_code
        )
    else:
        for name, text in preparation.files().items():
            (staging / name).write_text(text, encoding="utf-8")
        require_same_preparation(run, form, preparation)
        program = trace(run, form, samples, inputs)
        if form is ExportFormat.TORCH:
            write_program(program, staging)
        else:
            write_onnx(program, staging, run.name, inputs, outputs)
        try:
            if form is ExportFormat.TORCH:
                found = run_program(staging, batches)
            else:
                found = run_onnx(staging, batches, outputs)
        except Exception as error:  # Of torch or onnxruntime, of any kind.
            cause = f"loaded again, it fails: {one_line(error)}"
            raise ExportError(run.name, form, cause) from error
    difference = largest_difference(run.name, form, expected, found)
    return ExportResult(
        format=form,
        folder=staging,
        model=run.name,
        model_dir=run.model_dir,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        largest_difference=difference,
        compared_on=tuple(_sizes(batch) for batch in samples.inputs),
        inputs_are_made=samples.are_made,
        auto_class=auto_class,
        meaning=meaning,
    )


def _describe(result: ExportResult, run: TrainedRun, staging: Path) -> None:
    """Writes what one needs to use the export, beside the model."""
    for name, content in run.preprocessing.files.items():
        if not (staging / name).exists():
            (staging / name).write_bytes(content)
    document = {**result.document(), "files": _uses(staging), "versions": versions()}
    images = preparation_of(run, {spec.name for spec in result.inputs}).images
    if images is not None:
        document["images"] = asdict(images)
    text = json.dumps(document, indent=2) + "\n"
    (staging / DESCRIPTION_FILENAME).write_text(text, encoding="utf-8")
    card = model_card(result, run)
    (staging / CARD_FILENAME).write_text(card, encoding="utf-8")


_USES = {
    "tokenizer.json": "the tokenizer, of the library tokenizers",
    "labels.json": "the names of the classes, in the order of the logits",
    "features.json": "how the columns of a table become features",
    "image_reading.py": "reads pictures as the model was trained on",
    "table_features.py": "turns rows of a table into features, as features.json says",
    "preprocessor_config.json": "what AutoImageProcessor or AutoFeatureExtractor loads",
}


def _uses(folder: Path) -> dict[str, str]:
    return {name: use for name, use in _USES.items() if (folder / name).exists()}


def _with_targets(samples: Samples) -> Sequence[dict[str, Any]]:
    """Returns the first batch with targets, of which a loss is computed too."""
    if not samples.targets:
        return []
    inputs = samples.inputs[0]
    # A decoder makes its inputs of the labels.
    given = {k: v for k, v in inputs.items() if k != "decoder_input_ids"}
    return [{**given, **samples.targets}]


def _sizes(batch: Mapping[str, torch.Tensor]) -> dict[str, list[int]]:
    return {name: [*column.shape] for name, column in batch.items()}


def _format_of(given: ExportFormat | str) -> ExportFormat:
    try:
        return ExportFormat(given)
    except ValueError:
        known = [str(each) for each in ExportFormat]
        raise ExportSourceError(
            f"no format {given!r}{suggestion(given, known)}; give {', '.join(known)}"
        ) from None
