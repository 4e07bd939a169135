"""A program that loads a Hugging Face export, with nothing of this project.

It is run in a process of its own: `python loading_check.py FOLDER WORK`.
"""

import json
import sys
from pathlib import Path
from typing import Any


def main(folder: str, work: str) -> None:
    """Loads the model and what prepares its inputs, and writes what they return.

    Args:
        folder: The export.
        work: A folder with `task.json` and `inputs.safetensors`; gets
            `outputs.safetensors`, the inputs made of files in `read.safetensors`, and
            `ids.json` where the task has texts.
    """
    sys.modules["oumi_runtime"] = None  # type: ignore[assignment]  # cannot be imported
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    logging: Any = transformers.logging
    logging.set_verbosity_error()
    task = json.loads((Path(work) / "task.json").read_text(encoding="utf-8"))
    torch.set_num_threads(task["num_threads"])
    auto: Any = getattr(transformers, task["auto_class"])
    trust = {"trust_remote_code": True} if task["trust_remote_code"] else {}
    model = auto.from_pretrained(folder, **trust).eval()
    given = load_file(Path(work) / "inputs.safetensors")
    made: dict[str, torch.Tensor] = {}
    for number in range(task["num_batches"]):
        prefix = f"{number}/"
        batch = {k[len(prefix) :]: v for k, v in given.items() if k.startswith(prefix)}
        with torch.inference_mode():
            outputs = model(**batch)
        for name, value in outputs.items():
            if isinstance(value, torch.Tensor):
                made[prefix + name] = value.clone().contiguous()
    save_file(made, Path(work) / "outputs.safetensors")
    read: dict[str, torch.Tensor] = {}
    for name, paths in task["files"].items():
        if not paths:
            continue
        loader = "AutoImageProcessor" if name == "images" else "AutoFeatureExtractor"
        prepare: Any = getattr(transformers, loader).from_pretrained(folder, **trust)
        for number, path in enumerate(paths):
            read[f"{name}/{number}"] = prepare(path, return_tensors="pt")[name]
    save_file(read, Path(work) / "read.safetensors")
    if task["texts"]:
        load: Any = transformers.AutoTokenizer.from_pretrained
        tokenizer = load(folder, **trust)
        ids = [tokenizer(text)["input_ids"] for text in task["texts"]]
        (Path(work) / "ids.json").write_text(json.dumps(ids), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
