"""An evaluation says how many samples it was made on, and how many it left out."""

from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import BadRowError
from oumi_runtime.train import train

CONFIG = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 300, hidden_dim: 8}}
data:
  train:
    datasets: [{dataset_name: text_classification, dataset_path: train.csv}]
  test:
    datasets: [{dataset_name: text_classification, dataset_path: test.jsonl}]
  on_bad_sample: skip
training:
  output_dir: run
  max_steps: 2
  eval_strategy: "no"
  telemetry: {telemetry_dir: null}
"""


def test_rows_without_use_are_not_evaluated_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(20))
    Path("train.csv").write_text(f"text,label\n{rows}")
    good = '{"text": "text 1", "label": "a"}\n'
    unknown = '{"text": "text 1", "label": "c"}\n'
    Path("test.jsonl").write_text(good * 3 + "{\n" + good + unknown)
    Path("config.yaml").write_text(CONFIG)
    config = TrainingConfig.from_yaml("config.yaml")
    train(config)
    result = evaluate(config)
    assert (result.num_samples, result.num_bad_samples) == (4, 2)
    config.data.on_bad_sample = "raise"
    with pytest.raises(BadRowError, match=r"test\.jsonl:4 is not JSON"):
        evaluate(config)
