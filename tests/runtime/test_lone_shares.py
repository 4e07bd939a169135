"""Where a split takes a share of a file that nothing else reads, that is said."""

from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.evaluate import evaluate
from oumi_runtime.infer import infer
from oumi_runtime.train import train

CONFIG = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 300, hidden_dim: 8}}
data:
  train: {datasets: [DATASET]}
  test: {datasets: [DATASET]}
training:
  output_dir: run
  max_steps: 2
  eval_strategy: "no"
  telemetry: {telemetry_dir: null}
"""
SHARED = """{dataset_name: text_classification, dataset_path: rows.csv, split: SPLIT,
  split_shares: {train: 0.75, test: 0.25}}"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingConfig:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(20))
    for name in ("rows.csv", "other.csv"):
        Path(name).write_text(f"text,label\n{rows}")
    text = CONFIG.replace("DATASET", SHARED.replace("SPLIT", "train"), 1)
    Path("config.yaml").write_text(
        text.replace("DATASET", SHARED).replace("SPLIT", "test")
    )
    found = TrainingConfig.from_yaml("config.yaml")
    train(found)
    return found


def test_the_share_of_another_file_is_told_with_how_to_use_all_of_it(
    config: TrainingConfig, caplog: pytest.LogCaptureFixture
) -> None:
    (dataset,) = config.data.test.datasets
    dataset.dataset_path = "other.csv"
    assert evaluate(config).num_samples == 5
    sentence = (
        "only the test share of other.csv is used, 0.25 of its rows, as split_shares "
        "says; no other split reads it, so to use all of it, add "
        "--data.test.datasets[0].split_shares null"
    )
    assert caplog.messages == [sentence]
    caplog.clear()
    assert len(list(infer(config))) == 5
    assert caplog.messages == [sentence]
    caplog.clear()
    dataset.split_shares = None
    assert evaluate(config).num_samples == 20
    assert caplog.messages == []


def test_the_share_of_the_file_of_the_run_is_as_it_should_be(
    config: TrainingConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    assert evaluate(config).num_samples == 5
    assert len(list(infer(config))) == 5
    assert caplog.messages == []
