"""The code in the card of an export that writes texts, token by token."""

from oumi_runtime.builders.predicting.predictions import DEFAULT_NEW_TOKENS
from oumi_runtime.builders.tokenizing.special_ids import ids_around
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.results import ExportFormat, ExportResult


def folder_code(result: ExportResult, run: TrainedRun, texts: str) -> list[str]:
    """Returns lines that write with `generate` of transformers.

    Args:
        result: The export.
        run: What it was exported from.
        texts: The line with the texts.
    """
    length = _length(run)
    if _reads_source(result):
        return [
            texts,
            *_source_batch(run),
            f"written = model.generate(**inputs, max_new_tokens={length})",
            "print(tokenizer.batch_decode(written, skip_special_tokens=True))",
        ]
    after = _num_after(run)
    cut = [f"inputs = {{k: ids[:, :-{after}] for k, ids in inputs.items()}}"]
    return [
        'inputs = tokenizer("A text", return_tensors="pt")',
        *(cut if after else []),
        f"written = model.generate(**inputs, max_new_tokens={length})",
        "print(tokenizer.decode(written[0], skip_special_tokens=True))",
    ]


def loop_code(result: ExportResult, run: TrainedRun, texts: str) -> list[str]:
    """Returns lines that write with a loop; see `folder_code`."""
    is_onnx = result.format is ExportFormat.ONNX
    most, length = run.preprocessing.max_length, _length(run)
    names = [spec.name for spec in result.inputs]
    run_model = 'model(**inputs)["logits"]'
    call = f"    logits = {run_model}"
    if is_onnx:
        call = '    (logits,) = session.run(["logits"], inputs)'
    if _reads_source(result):
        parts = {"input_ids": "ids", "attention_mask": "attention_mask"}
        made = [
            f'    "{n}": torch.tensor([row.{part}[:{most}] for row in rows]),'
            for n, part in parts.items()
            if n in names
        ]
        cat = "torch.concatenate([written, logits[:, -1:].argmax(-1)], 1)"
        return [
            texts,
            "rows = tokenizer.encode_batch(texts)",
            "inputs = {",
            *made,
            "}",
            "written = torch.zeros((len(rows), 1), dtype=torch.int64)",
            f"for _ in range({length}):",
            '    inputs["decoder_input_ids"] = written',
            call,
            f"    written = {cat}",
            "for row in written[:, 1:].tolist():",
            "    end = row.index(0) if 0 in row else len(row)",
            "    print(tokenizer.decode(row[:end]))",
        ]
    after = _num_after(run)
    cut = f"[:-{after}]" if after else ""
    made = ['    inputs = {"input_ids": torch.tensor([seen])}']
    if "attention_mask" in names:
        made.append(
            '    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])'
        )
    return [
        f'ids = tokenizer.encode("A text").ids{cut}',
        f"for _ in range({length}):",
        f"    seen = ids[-{most}:]",
        *made,
        call,
        "    token = int(logits[0, -1].argmax())",
        f"    if token == {run.preprocessing.pad_token_id}:",
        "        break",
        "    ids.append(token)",
        "print(tokenizer.decode(ids))",
    ]


def _reads_source(result: ExportResult) -> bool:
    return any(spec.name == "decoder_input_ids" for spec in result.inputs)


def _length(run: TrainedRun) -> int:
    return min(DEFAULT_NEW_TOKENS, run.preprocessing.max_length)


def _num_after(run: TrainedRun) -> int:
    """Returns how many tokens end a text, which one that goes on does not have."""
    tokenizer = run.preprocessing.tokenizer
    assert tokenizer is not None
    return len(ids_around(tokenizer)[1])


def _source_batch(run: TrainedRun) -> list[str]:
    tokenizer, most = run.preprocessing.tokenizer, run.preprocessing.max_length
    assert tokenizer is not None
    given = 'texts, padding=True, return_tensors="pt"'
    if not any(ids_around(tokenizer)):
        return [f"inputs = tokenizer({given}, truncation=True)"]
    return [
        f"inputs = tokenizer({given})",
        f"inputs = {{k: ids[:, :{most}] for k, ids in inputs.items()}}",
    ]
