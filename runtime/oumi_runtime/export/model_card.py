"""The card of an export, `README.md`: what it is, and how to load it."""

import json
from typing import Any

from oumi_runtime.core.trainers.run.record import read_record
from oumi_runtime.export.description import TensorSpec
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.results import ExportResult

CARD_FILENAME = "README.md"


def model_card(result: ExportResult, run: TrainedRun) -> str:
    """Returns the text of the card.

    Args:
        result: The export.
        run: What it was exported from; its record says what the model was trained on.
    """
    parts = [
        f"# {result.model}",
        _origin(run),
        "## How to load it",
        f"```python\n{_loading(result, run)}\n```",
        "## Inputs and outputs",
        _table(result),
        _remarks(result, run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _origin(run: TrainedRun) -> str:
    names = [each.dataset_name for each in run.config.data.train.datasets]
    parameters = sum(p.numel() for p in run.model.parameters())
    lines = [f"A model of {parameters:,} parameters, trained on {', '.join(names)}."]
    sessions = (read_record(run.folder) or {}).get("sessions") or [{}]
    metrics = sessions[-1].get("metrics")
    if isinstance(metrics, dict) and metrics and run.model_dir == run.folder:
        lines += ["", "| metric | value |", "|---|---|"]
        lines += [f"| {k} | {v:.4g} |" for k, v in metrics.items() if _is_number(v)]
    return "\n".join(lines)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _loading(result: ExportResult, run: TrainedRun) -> str:
    call = ", ".join(f"{s.name}={_example(s)}" for s in result.inputs)
    named = ", ".join(f'"{s.name}": {_example(s)}' for s in result.inputs)
    first = result.outputs[0].name
    if result.format == "torch":
        return (
            "import torch\n\n"
            'model = torch.export.load("model.pt2").module()\n'
            f'outputs = model({call})\nprint(outputs["{first}"].shape)'
        )
    if result.format == "onnx":
        array = named.replace("torch.", "np.").replace("dtype=np.bool", "dtype=bool")
        return (
            "import numpy as np\nimport onnxruntime\n\n"
            'session = onnxruntime.InferenceSession("model.onnx")\n'
            f'({first},) = session.run(["{first}"], {{{array}}})\n'
            f"print({first}.shape)"
        )
    auto = result.auto_class
    trust = ", trust_remote_code=True" if str(auto).startswith("Auto") else ""
    load = f'model = {auto}.from_pretrained("."{trust}).eval()'
    is_text = run.preprocessing.tokenizer is not None
    names = {spec.name for spec in result.inputs}
    if not is_text or not names <= {"input_ids", "attention_mask", "decoder_input_ids"}:
        return (
            f"import torch\nfrom transformers import {auto}\n\n{load}\n"
            f"with torch.inference_mode():\n    outputs = model({call})\n"
            f'print(outputs["{first}"].shape)'
        )
    head = f"import torch\nfrom transformers import {auto}, AutoTokenizer\n\n{load}\n"
    head += f'tokenizer = AutoTokenizer.from_pretrained("."{trust})\n'
    head += 'batch = tokenizer(["A text.", "Another, longer one."], padding=True, '
    head += 'truncation=True, return_tensors="pt")\n'
    if auto == "AutoModelForCausalLM":
        return (
            f'{head}batch = tokenizer("A text", return_tensors="pt")\n'
            "written = model.generate(**batch, max_new_tokens=20)\n"
            "print(tokenizer.decode(written[0]))"
        )
    extra = ", decoder_input_ids=start" if "decoder_input_ids" in names else ""
    start = "start = torch.zeros(2, 1, dtype=torch.int64)\n" if extra else ""
    return (
        f"{head}{start}with torch.inference_mode():\n"
        f"    outputs = model(**batch{extra})\n"
        f'print(outputs["{first}"].shape)'
    )


def _example(spec: TensorSpec) -> str:
    sizes = ", ".join(
        "2" if size == "batch" else "8" if isinstance(size, str) else str(size)
        for size in spec.shape
    )
    return (
        f"torch.ones(({sizes}{',' * (len(spec.shape) == 1)}), dtype=torch.{spec.dtype})"
    )


def _table(result: ExportResult) -> str:
    rows = ["| | name | dtype | shape |", "|---|---|---|---|"]
    for kind, specs in (("input", result.inputs), ("output", result.outputs)):
        for spec in specs:
            sizes = ", ".join(map(str, spec.shape))
            rows.append(f"| {kind} | `{spec.name}` | {spec.dtype} | ({sizes}) |")
    return "\n".join(rows)


def _remarks(result: ExportResult, run: TrainedRun) -> str:
    lines = [
        f"The outputs differ by at most {result.largest_difference:.2g} from those of "
        "the model that was trained; `export.json` says the same for programs."
    ]
    if run.preprocessing.label_names is not None:
        shown = json.dumps(run.preprocessing.label_names[:20], ensure_ascii=False)
        lines.append(f"The classes, in the order of the logits: {shown}.")
    if run.preprocessing.table is not None:
        lines.append("`features.json` says how the columns of a table become features.")
    if run.preprocessing.tokenizer is not None:
        lines.append(
            f"Texts were cut to {run.preprocessing.max_length} tokens in training."
        )
    return "\n\n".join(lines)
