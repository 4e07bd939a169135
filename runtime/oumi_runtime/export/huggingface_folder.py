"""A model as a folder that plain transformers loads, with the code that it needs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.saved_form import stored_weights
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export import loading_check
from oumi_runtime.export.auto_classes import AutoClass, auto_class_of
from oumi_runtime.export.carrying import carry
from oumi_runtime.export.inference import Outputs
from oumi_runtime.export.modeling_text import Names, configuration_text, modeling_text
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.tokenizer_files import ids_of, telling_texts, write_tokenizer

_PREFIX = "model."


def write_huggingface(
    run: TrainedRun, folder: Path, inputs: Sequence[str], outputs: Outputs
) -> tuple[str, bool]:
    """Writes the folder.

    Args:
        run: What to export.
        folder: An empty folder.
        inputs: The names of the inputs.
        outputs: What the model returns for a batch.

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
    carried = carry(type(run.model), {names.configuration, names.modeling})
    stored, aliases = stored_weights(run.model)
    tied = {
        f"{_PREFIX}{name}": f"{_PREFIX}{own}"
        for name, own in aliases.items()
        if name != "format"
    }
    config = _config(run, names, outputs)
    if tied:  # Else transformers does not look at _tied_weights_keys.
        config["tie_word_embeddings"] = True
    files = {
        **carried.files,
        f"{names.configuration}.py": configuration_text(names),
        f"{names.modeling}.py": modeling_text(
            names, carried, run.model, tied, next(iter(inputs))
        ),
        "config.json": json.dumps(config, indent=2) + "\n",
    }
    if auto is AutoClass.CAUSAL_LM:
        end = run.preprocessing.pad_token_id
        generation = {"use_cache": False, "pad_token_id": end, "eos_token_id": end}
        files["generation_config.json"] = json.dumps(generation, indent=2) + "\n"
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    tensors = {f"{_PREFIX}{name}": t.contiguous() for name, t in stored.items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return str(auto), True


def is_of_transformers(model: torch.nn.Module) -> bool:
    """Whether a model's class is one of transformers already."""
    found = sys.modules.get("transformers")
    return found is not None and isinstance(model, found.PreTrainedModel)


def run_huggingface(
    run: TrainedRun,
    folder: Path,
    batches: Sequence[Batch],
    auto_class: str,
    *,
    has_code: bool,
) -> list[Outputs]:
    """Loads the folder in a process without this package, and returns its outputs.

    Raises:
        ExportError: It cannot be loaded there, or its tokenizer makes other ids.
    """
    with tempfile.TemporaryDirectory(prefix="oumi-export-") as work:
        texts = telling_texts(run.preprocessing)
        task = {
            "auto_class": auto_class,
            "trust_remote_code": has_code,
            "num_batches": len(batches),
            "num_threads": torch.get_num_threads(),
            "texts": texts,
        }
        (Path(work) / "task.json").write_text(json.dumps(task), encoding="utf-8")
        given = {
            f"{number}/{name}": column.clone().contiguous()
            for number, batch in enumerate(batches)
            for name, column in batch.items()
        }
        save_file(given, Path(work) / "inputs.safetensors")
        # Under a name that a module can have, which transformers makes of it.
        shown = Path(work) / "export"
        shown.symlink_to(folder.resolve(), target_is_directory=True)
        _load_elsewhere(run, shown, Path(work))
        if texts:
            found = json.loads((Path(work) / "ids.json").read_text())
            _require_same_ids(run, texts, found)
        made = load_file(Path(work) / "outputs.safetensors")
    outputs: list[Outputs] = [{} for _ in batches]
    for key, tensor in made.items():
        number, _, name = key.partition("/")
        outputs[int(number)][name] = tensor
    return outputs


def _load_elsewhere(run: TrainedRun, folder: Path, work: Path) -> None:
    program = str(loading_check.__file__)
    environment = {
        **os.environ,
        "HF_MODULES_CACHE": str(work / "modules"),
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(
        [sys.executable, "-P", program, str(folder), str(work)],
        cwd=work,
        stdin=subprocess.DEVNULL,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        cause = (lines or [f"it ends with exit code {done.returncode}"])[-1]
        raise ExportError(
            run.name, "huggingface", f"transformers does not load it: {cause[:300]}"
        )


def _require_same_ids(
    run: TrainedRun, texts: list[str], found: list[list[int]]
) -> None:
    for text, ours, theirs in zip(
        texts, ids_of(run.preprocessing, texts), found, strict=True
    ):
        if ours != theirs:
            raise ExportError(
                run.name,
                "huggingface",
                f"AutoTokenizer makes other ids of {text!r} than training did",
            )


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
    if (labels := _labels(run, names.auto, outputs)) is not None:
        config["id2label"] = {str(number): name for number, name in enumerate(labels)}
        config["label2id"] = {name: number for number, name in enumerate(labels)}
    return config


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
