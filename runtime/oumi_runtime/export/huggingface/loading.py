"""Loads a folder for transformers again, in a process without this package."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export.huggingface import loading_check
from oumi_runtime.export.huggingface.tokenizer_files import ids_of, telling_texts
from oumi_runtime.export.inference import Outputs
from oumi_runtime.export.inputs.preparation import Preparation, require_same_inputs
from oumi_runtime.export.opening import TrainedRun


def run_huggingface(
    run: TrainedRun,
    folder: Path,
    batches: Sequence[Batch],
    auto_class: str,
    preparation: Preparation,
    *,
    has_code: bool,
) -> list[Outputs]:
    """Loads the folder in a process without this package, and returns its outputs.

    Raises:
        ExportError: It cannot be loaded there, or its tokenizer or processor makes
            other inputs.
    """
    with tempfile.TemporaryDirectory(prefix="oumi-export-") as work:
        texts = telling_texts(run.preprocessing)
        told = preparation.telling_files(Path(work))
        task = {
            "auto_class": auto_class,
            "trust_remote_code": has_code,
            "num_batches": len(batches),
            "num_threads": torch.get_num_threads(),
            "texts": texts,
            "files": told,
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
        read = load_file(Path(work) / "read.safetensors")
        require_same_inputs(run, "huggingface", preparation, told, read)
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
