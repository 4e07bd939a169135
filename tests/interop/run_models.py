"""Loads saved models and keeps what they compute; the oumi package runs this.

`python run_models.py JOBS.json`, where a job has the keys `module` and `class` of the
model, the `folder` that holds it, `inputs` (a safetensors file of keyword arguments)
and `outputs` (the file to write: the logits, and every weight).
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file


def run(job: dict[str, Any]) -> None:
    model_class = getattr(importlib.import_module(job["module"]), job["class"])
    model = model_class.from_pretrained(job["folder"]).eval()
    with torch.no_grad():
        logits = model(**load_file(job["inputs"]))["logits"]
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file({"logits": logits.contiguous(), **weights}, job["outputs"])


if __name__ == "__main__":
    for each in json.loads(Path(sys.argv[1]).read_text()):
        run(each)
