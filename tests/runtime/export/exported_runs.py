"""Runs to export, and a process without this project that loads what comes of them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.registry.discovery import LIST_FILENAME

WITHOUT_THE_PROJECT = """
import sys
for name in ("oumi_runtime", "oumi_scaffold"):
    sys.modules[name] = None
try:
    import oumi_runtime
except ImportError:
    pass
else:
    raise SystemExit("oumi_runtime can be imported")
import torch
"""


def python(code: str, folder: Path, *arguments: str) -> str:
    """Runs code where this project cannot be imported; returns what it prints."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    environment["HF_MODULES_CACHE"] = str(folder.parent / "modules_of_transformers")
    done = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT_THE_PROJECT + code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def outputs_elsewhere(
    load: str, folder: Path, inputs: Mapping[str, torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Returns what a model computes in a process that loads it with this code."""
    work = folder.with_name(f"{folder.name}_work")
    work.mkdir(exist_ok=True)
    save_file(dict(inputs), work / "in.safetensors")
    code = f"""{load}
from safetensors.torch import load_file, save_file
given = load_file(sys.argv[1] + "/in.safetensors")
with torch.inference_mode():
    found = model(**given)
found = {{k: v.clone() for k, v in found.items()}}
save_file(found, sys.argv[1] + "/out.safetensors")
"""
    python(code, folder, str(work))
    return load_file(work / "out.safetensors")


def project_run(
    folder: Path,
    source: str,
    *,
    others: Mapping[str, str] | None = None,
    **model_kwargs: Any,
) -> Path:
    """Writes a project with a model named Net, saved as after a run of tiny tables.

    Args:
        folder: The project.
        source: The file `net.py`.
        others: More files, by path.
        model_kwargs: Arguments of Net.

    Returns:
        The output folder.
    """
    files = {"net.py": source, LIST_FILENAME: "net.py\n", **(others or {})}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rows = [{"x0": n / 7, "x1": -n % 5, "label": n % 3} for n in range(12)]
    (folder / "data.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    REGISTRY.add_search_root(folder)
    dataset = {"dataset_name": "tabular", "dataset_path": str(folder / "data.jsonl")}
    config = TrainingConfig.from_str(
        json.dumps(
            {
                "model": {"model_name": "Net", "model_kwargs": model_kwargs},
                "data": {"train": {"datasets": [dataset]}},
                "training": {"output_dir": str(folder / "out"), "max_steps": 1},
            }
        )
    )
    torch.manual_seed(0)
    model = build_model(config.model)
    model.save_pretrained(folder / "out")  # type: ignore[operator]
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"
