"""Every cell, trained for some seconds, beats what needs no model, by its margin."""

from pathlib import Path

import pytest
from cells import CELLS
from yardsticks import YARDSTICKS

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.train import train
from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.writing.write import write

# Steps of the short training, where the config asks for more.
STEPS = {
    "text-classification": 250,
    "token-classification": 150,
    "causal-lm": 80,
    "seq2seq": 200,
    "image-classification": 225,
    "tabular-classification": 225,
    "tabular-regression": 278,
    "embedding": 134,
}
# What takes a fraction of the time of the others, and of their steps' effect.
STEPS_OF_STUBS = {"causal-lm": 400, "seq2seq": 400}


@pytest.mark.slow
@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_a_short_training_beats_the_trivial_prediction(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property,
    task: str,
    arch: str,
):
    spec = model_spec(f"{task}-{arch}".title().replace("-", ""), task, arch)
    write(plan_model(spec, tmp_path))
    monkeypatch.chdir(tmp_path)
    config = TrainingConfig.from_yaml(spec.config_file)
    steps = STEPS[task]
    if arch == "stub":
        steps = STEPS_OF_STUBS.get(task, steps)
    config.training.max_steps = steps
    config.training.save_steps = 0
    config.training.eval_strategy, config.training.eval_steps = "steps", steps

    metrics = train(config).metrics

    yardstick = YARDSTICKS[task]
    margin = yardstick.margins[arch]
    value = metrics[f"eval_{yardstick.metric}"]
    gain = value - yardstick.baseline
    if yardstick.lower_is_better:
        gain = -gain
    row = (task, arch, yardstick.metric, yardstick.baseline, margin, value)
    record_property("cell", row)
    assert gain >= margin
