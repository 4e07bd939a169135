"""What `new-model --target oumi` writes runs against the oumi package, both ways."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from generated import HERE, MODELS, PYTHON
from safetensors.torch import load_file, save_file

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.registry import REGISTRY
from oumi_scaffold.request.names import module_name

pytestmark = [pytest.mark.interop, pytest.mark.timeout(1800)]

# Texts and images; the other models only exchange their weights.
TRAINED = ("TextClassificationMlp", "ImageClassificationCnn")
STEPS = 60
BUILT_IN = {
    "MLPEncoder": {"input_dim": 50, "hidden_dim": 8, "output_dim": 3},
    "CNNClassifier": {"image_width": 28, "image_height": 28, "in_channels": 1},
}


def inputs_for(name: str) -> dict[str, torch.Tensor]:
    """Returns a batch for a model, by the data that it is for."""
    torch.manual_seed(3)
    is_image = name == "CNNClassifier" or "image" in MODELS.get(name, [""])[0]
    if is_image:
        size = 28 if name == "CNNClassifier" else 8
        return {"images": torch.rand(5, 1, size, size)}
    batch = {"input_ids": torch.randint(1, 50, (5, 12))}
    if name != "MLPEncoder":
        batch["attention_mask"] = (
            torch.arange(12) < torch.randint(4, 13, (5, 1))
        ).long()
    return batch


def test_the_generated_tests_pass(oumi, record, project: Path) -> None:
    said = oumi("-m", "pytest", "-q", "-p", "no:cacheprovider")

    (passed,) = re.findall(r"^(\d+) passed", said, re.MULTILINE)
    tests = sum(
        path.read_text().count("\ndef test_")
        for path in project.glob("tests/test_*.py")
    )
    assert int(passed) == tests >= 4 * len(MODELS)
    record(
        f"{passed} generated tests of {len(MODELS)} models pass: {', '.join(MODELS)}."
    )


@pytest.fixture(scope="module")
def trained(oumi, record, project: Path) -> dict[str, Path]:
    """Trains a model of each task with the oumi package; returns where they are."""
    folders = {}
    for name in TRAINED:
        module = module_name(name)
        oumi(project / "data" / f"prepare_{module}.py")
        oumi(
            *(PYTHON.with_name("oumi"), "train", "-c", f"configs/{module}.yaml"),
            *("--training.max_steps", str(STEPS), "--training.logging_steps", "10"),
            OUMI_EXTRA_DEPS_FILE="oumi_requirements.txt",
        )
        folder = project / "outputs" / module
        rows = (folder / "metrics_rank0000.jsonl").read_text().splitlines()
        losses = [loss for row in rows if (loss := json.loads(row).get("train/loss"))]
        assert losses[-1] < losses[0]
        record(
            f"`oumi train -c configs/{module}.yaml`: a loss of {losses[0]:.4f} after "
            f"10 steps, {losses[-1]:.4f} after {STEPS}."
        )
        folders[name] = folder / "pretrained"
    return folders


@pytest.fixture
def moved(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The models as they move here: with the one import prefix changed."""
    shutil.copytree(project / "models", tmp_path / "models")
    shutil.copy(project / "oumi_requirements.txt", tmp_path)
    for path in (tmp_path / "models").glob("*.py"):
        text = path.read_text()
        path.write_text(re.sub(r"^from oumi\.", "from oumi_runtime.", text, flags=re.M))
        assert path.read_text() != text
    monkeypatch.chdir(tmp_path)
    with REGISTRY.isolated():
        yield tmp_path


def theirs(oumi: Callable[..., str], folders: dict[str, Path], work: Path):
    """Returns what the oumi package computes with saved models, and their weights."""
    jobs = []
    for name, folder in folders.items():
        save_file(inputs_for(name), work / f"{name}.inputs")
        is_generated = name in MODELS
        module = f"models.{module_name(name)}" if is_generated else "oumi.models"
        paths = {kind: str(work / f"{name}.{kind}") for kind in ("inputs", "outputs")}
        jobs.append({"module": module, "class": name, "folder": str(folder), **paths})
    (work / "jobs.json").write_text(json.dumps(jobs))
    oumi(HERE / "run_models.py", work / "jobs.json", PYTHONPATH=".")
    found = {name: load_file(work / f"{name}.outputs") for name in folders}
    return {name: (tensors.pop("logits"), tensors) for name, tensors in found.items()}


def compare(ours: torch.nn.Module, name: str, logits: torch.Tensor, weights) -> float:
    """Asserts that a model has the weights, and computes the same; how nearly."""
    state = ours.state_dict()
    assert state.keys() == weights.keys()
    assert all(torch.equal(state[key], weights[key]) for key in state)
    if name == "MLPEncoder":
        # Ours pools over the sequence; theirs has logits for each.
        logits = logits.mean(dim=1)
    with torch.no_grad():
        difference = (ours.eval()(**inputs_for(name))["logits"] - logits).abs().max()
    assert difference < 1e-5
    return float(difference)


def test_weights_saved_there_load_here(oumi, record, trained, moved: Path) -> None:
    code = "import oumi.models as m\n" + "".join(
        f"m.{name}(**{kwargs}).save_pretrained({str(moved / name)!r})\n"
        for name, kwargs in BUILT_IN.items()
    )
    oumi("-c", code)
    folders = trained | {name: moved / name for name in BUILT_IN}

    for name, (logits, weights) in theirs(oumi, folders, moved).items():
        model = build_model(ModelParams(model_name=str(folders[name])))
        difference = compare(model, name, logits, weights)
        record(f"{name}, saved there, loads here: logits differ by {difference:.1e}.")


def test_weights_saved_here_load_there(oumi, record, moved: Path) -> None:
    models, folders = {}, {}
    for name in (*MODELS, *BUILT_IN):
        torch.manual_seed(5)
        params = ModelParams(model_name=name, model_kwargs=BUILT_IN.get(name, {}))
        models[name] = build_model(params)
        folders[name] = moved / "saved" / name
        models[name].save_pretrained(folders[name])

    for name, (logits, weights) in theirs(oumi, folders, moved).items():
        difference = compare(models[name], name, logits, weights)
        record(f"{name}, saved here, loads there: logits differ by {difference:.1e}.")
