"""The code in a card for labels that apply independently, and for several values."""

import ast
import json
from pathlib import Path

import pytest
import torch
from exported_runs import python
from own_projects import AS_THEY_ARE, OF_TWO_LABELS, TWO_LABELS, trained

from oumi_runtime.export import export
from oumi_runtime.export.opening import open_run

SLOW = pytest.param("huggingface", marks=pytest.mark.slow)
LOSSES = {"labels": "binary_cross_entropy_with_logits", "values": "mse_loss"}


def run_of(folder: Path, meaning: str) -> Path:
    net = OF_TWO_LABELS.replace("LOSS", LOSSES[meaning])
    config = trained(folder, TWO_LABELS, AS_THEY_ARE, net)
    return Path(config.training.output_dir)


def printed(folder: Path) -> list[str]:
    _, code = (folder / "README.md").read_text().split("```python\n")
    return python(
        f"sys.path.insert(0, '.')\n{code.split('```')[0]}", folder
    ).splitlines()


@pytest.mark.parametrize("meaning", list(LOSSES))
@pytest.mark.parametrize("form", ["torch", "onnx", SLOW])
def test_the_code_says_what_the_logits_mean(form: str, meaning: str, tmp_path: Path):
    if form == "onnx":
        pytest.importorskip("onnxruntime")
    run = run_of(tmp_path, meaning)
    result = export(run, form, tmp_path / "served")
    assert result.meaning == meaning
    logits = open_run(run).model(torch.ones(2, 3))["logits"]
    lines = printed(result.folder)
    if meaning == "values":
        (line,) = lines
        assert torch.tensor(ast.literal_eval(line)).allclose(logits, atol=1e-5)
    else:
        for line, row in zip(lines, logits.sigmoid().tolist(), strict=True):
            labels, given = ast.literal_eval(f"[{line.replace('] [', '], [')}]")
            assert given == pytest.approx(row, abs=1e-5)
            applies = [share > 0.5 for share in row]
            names = zip(("even", "odd"), applies, strict=True)
            assert labels == [name for name, is_true in names if is_true]
    if form == "huggingface":
        config = json.loads((result.folder / "config.json").read_text())
        problems = {"labels": "multi_label_classification", "values": "regression"}
        assert config["problem_type"] == problems[meaning]
