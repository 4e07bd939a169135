"""A model as a folder that plain transformers loads, with the code that it needs."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from oumi_runtime.builders.predicting.predictions import DEFAULT_NEW_TOKENS
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.logit_meanings import LogitMeaning
from oumi_runtime.core.models.saved_form import stored_weights
from oumi_runtime.export.huggingface.auto_classes import AutoClass, auto_class_of
from oumi_runtime.export.huggingface.modeling_text import (
    Names,
    configuration_text,
    modeling_text,
)
from oumi_runtime.export.huggingface.tokenizer_files import write_tokenizer
from oumi_runtime.export.inference import Outputs
from oumi_runtime.export.inputs.preparation import Preparation
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.source.carrying import carry

_PREFIX = "model."
# What pipelines of transformers make of the logits is not a softmax.
_PROBLEMS = {
    LogitMeaning.LABELS: "multi_label_classification",
    LogitMeaning.VALUES: "regression",
}


def write_huggingface(
    run: TrainedRun,
    folder: Path,
    inputs: Sequence[str],
    outputs: Outputs,
    preparation: Preparation,
    meaning: LogitMeaning,
) -> tuple[str, bool]:
    """Writes the folder.

    Args:
        run: What to export.
        folder: An empty folder.
        inputs: The names of the inputs.
        outputs: What the model returns for a batch.
        preparation: How its inputs are prepared.
        meaning: What its logits are.

    Returns:
        The name of the class of transformers to load it by, and whether it has code of
        its own.

    Raises:
        ExportSourceError: The source of the class cannot be carried along.
        SavedModelError: The weights or the constructor's arguments cannot be saved.
    """
    if run.preprocessing.tokenizer is not None:
        write_tokenizer(run.preprocessing, folder)
    if is_of_transformers(run.model):
        return _write_hub_model(run, folder)
    auto = auto_class_of(run, outputs)
    class_name = type(run.model).__name__
    module = _snake(class_name)
    names = Names(class_name, module, auto)
    preparing = preparation.transformers_files(class_name, module)
    taken = {names.configuration, names.modeling, *(Path(n).stem for n in preparing)}
    carried = carry(type(run.model), taken)
    stored, aliases = stored_weights(run.model)
    tied = {
        f"{_PREFIX}{name}": f"{_PREFIX}{own}"
        for name, own in aliases.items()
        if name != "format"
    }
    config = _config(run, names, outputs)
    if meaning in _PROBLEMS:
        config["problem_type"] = _PROBLEMS[meaning]
    if tied:  # Else transformers does not look at _tied_weights_keys.
        config["tie_word_embeddings"] = True
    files = {
        **carried.files,
        **preparing,
        f"{names.configuration}.py": configuration_text(names),
        f"{names.modeling}.py": modeling_text(
            names, carried, run.model, tied, next(iter(inputs))
        ),
        "config.json": json.dumps(config, indent=2) + "\n",
    }
    if auto in (AutoClass.CAUSAL_LM, AutoClass.SEQ2SEQ):
        files["generation_config.json"] = _generation_config(run, auto)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    tensors = {f"{_PREFIX}{name}": t.contiguous() for name, t in stored.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return str(auto), True


def is_of_transformers(model: torch.nn.Module) -> bool:
    """Whether a model's class is one of transformers already."""
    found = sys.modules.get("transformers")
    return found is not None and isinstance(model, found.PreTrainedModel)


def _config(run: TrainedRun, names: Names, outputs: Outputs) -> dict[str, Any]:
    """Returns the content of config.json."""
    if isinstance(run.model, BaseModel):
        arguments = run.model.saved_config()["init_kwargs"]
    else:
        arguments = run.config.model.model_kwargs
    floats = (p.dtype for p in run.model.parameters() if p.is_floating_point())
    dtype = str(next(floats, torch.float32)).removeprefix("torch.")
    config: dict[str, Any] = {
        "architectures": [names.model],
        "auto_map": names.auto_map(),
        "model_type": names.module,
        "model_kwargs": arguments,
        "dtype": dtype,
    }
    if run.preprocessing.tokenizer is not None:
        config["pad_token_id"] = run.preprocessing.pad_token_id
    if names.auto is AutoClass.CAUSAL_LM:
        config["max_tokens"] = run.preprocessing.max_length
    if names.auto is AutoClass.SEQ2SEQ:
        config["is_encoder_decoder"] = True
    if (labels := _labels(run, names.auto, outputs)) is not None:
        config["id2label"] = {str(number): name for number, name in enumerate(labels)}
        config["label2id"] = {name: number for number, name in enumerate(labels)}
    return config


def _generation_config(run: TrainedRun, auto: AutoClass) -> str:
    """Returns how `generate` writes what `predict` does."""
    end = run.preprocessing.pad_token_id
    config = {"use_cache": False, "pad_token_id": end, "eos_token_id": end}
    if auto is AutoClass.SEQ2SEQ:
        # As in `written_target`, whatever pads the source.
        config |= {"decoder_start_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    length = min(DEFAULT_NEW_TOKENS, run.preprocessing.max_length)
    return json.dumps({**config, "max_new_tokens": length}, indent=2) + "\n"


def _labels(run: TrainedRun, auto: AutoClass, outputs: Outputs) -> list[str] | None:
    """Returns the names of the classes, of which some may have a number only."""
    known = run.preprocessing.label_names
    is_writer = auto in (AutoClass.CAUSAL_LM, AutoClass.SEQ2SEQ)
    logits = outputs.get("logits")
    if is_writer or logits is None or (known is None and auto is AutoClass.MODEL):
        return known
    known = known or []
    return [*known, *map(str, range(len(known), max(len(known), logits.shape[-1])))]


def _write_hub_model(run: TrainedRun, folder: Path) -> tuple[str, bool]:
    """Saves a model of transformers as such."""
    model: Any = run.model
    names = run.preprocessing.label_names
    if names is not None and getattr(model.config, "num_labels", None) == len(names):
        model.config.id2label = dict(enumerate(names))
        model.config.label2id = {name: number for number, name in enumerate(names)}
    model.save_pretrained(str(folder))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    remote = [name for name in config.get("auto_map", {}) if name != "AutoConfig"]
    # Code that came with the model runs again only if the user said that it may.
    if remote and run.config.model.trust_remote_code:
        return remote[0], True
    return type(model).__name__, False


def _snake(name: str) -> str:
    """Returns MyNet as my_net."""
    parts: list[str] = []
    for number, char in enumerate(name):
        before = name[number - 1 : number]
        after = name[number + 1 : number + 2]
        if char.isupper() and (before.islower() or before.isdigit() or after.islower()):
            parts.append("_" if number and before != "_" else "")
        parts.append(char.lower())
    return "".join(parts)
