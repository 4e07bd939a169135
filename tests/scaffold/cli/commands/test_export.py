"""`oumi-scaffold export`: what it prints, and its exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from oumi_runtime.core.registry import REGISTRY

Run = Callable[..., object]


@pytest.fixture
def trained(project: Path, run: Run) -> Path:
    with REGISTRY.isolated():
        new = ("new-model", "Net", "--task", "tabular-classification", "--arch", "mlp")
        assert run(*new).exit_code == 0
        fields = ["--training.max_steps", "2", "--training.eval_strategy", "no"]
        assert run("train", "-c", "configs/net.yaml", *fields).exit_code == 0
        yield project / "outputs" / "net"


def test_it_says_what_goes_in_and_out_and_where_it_is(trained: Path, run: Run):
    outcome = run("export", str(trained), "--format", "torch", "-o", "served/net")
    assert outcome.exit_code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == f"Exported Net from {trained}"
    assert "input   features  float32  (batch, 64)" in lines
    assert "output  logits    float32  (batch, 10)" in lines
    assert lines[-1] == "It is in served/net, where README.md says how to load it"
    assert Path("served/net/model.pt2").is_file()


def test_with_json_it_prints_one_document(trained: Path, run: Run):
    outcome = run(
        *("export", "outputs/net", "--format", "onnx", "-o", "net-onnx", "--json")
    )
    assert outcome.exit_code == 0, outcome.err
    document = outcome.document
    assert document["output"] == "net-onnx"
    assert document["largest_difference"] < 1e-3
    described = json.loads(Path("net-onnx/export.json").read_text())
    assert described["inputs"] == document["inputs"]
    assert described["files"].keys() == {"labels.json"}


def test_exit_codes_tell_bad_input_conflicts_and_failures_apart(
    trained: Path, run: Run
):
    outcome = run("export", "outputs/nothing", "-o", "dest")
    assert outcome.exit_code == 2
    assert outcome.err.startswith("error: there is no folder outputs/nothing; give")
    assert run("export", "outputs/net").exit_code == 2
    assert run("export", "outputs/net", "--format", "tflite", "-o", "x").exit_code == 2
    Path("full").mkdir()
    Path("full/notes.txt").write_text("mine")
    assert run("export", "outputs/net", "-o", "full", "--force").exit_code == 3
    assert [path.name for path in Path("full").iterdir()] == ["notes.txt"]


def test_a_model_that_cannot_be_traced_is_a_failure_that_names_the_line(
    project: Path, run: Run
):
    with REGISTRY.isolated():
        new = ("new-model", "Net", "--task", "tabular-classification", "--arch", "stub")
        assert run(*new).exit_code == 0
        source = Path("models/net.py")
        before = source.read_text()
        line = "        if labels is None:\n"
        assert line in before
        branch = "        if logits.sum() > 0:\n            logits = logits * 2\n"
        source.write_text(before.replace(line, branch + line))
        number = before[: before.index(line)].count("\n") + 1
        fields = ["--training.max_steps", "1", "--training.eval_strategy", "no"]
        assert run("train", "-c", "configs/net.yaml", *fields).exit_code == 0
        outcome = run("export", "outputs/net", "--format", "torch", "-o", "a/dest")
    assert outcome.exit_code == 1
    assert len(outcome.err.splitlines()) == 1
    assert f"net.py:{number} (if logits.sum() > 0:)" in outcome.err
    assert not Path("a").exists()
