"""Configs from a file and from arguments of the command line together."""

from pathlib import Path

from config_mistakes import GOOD, mistakes

from oumi_runtime.core.configs import (
    DatasetParams,
    ModelParams,
    TrainerType,
    TrainingConfig,
)

NAMED = """
model:
  model_name: MLPEncoder
data:
  train:
    datasets:
      - dataset_name: digits
"""


def test_arguments_count_more_than_the_file(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)

    config = TrainingConfig.from_yaml_and_arg_list(
        str(path),
        [
            "--training.max_steps",
            "10",
            "--training.trainer_type=HF",
            "--model.model_kwargs.hidden_dim",
            "32",
            "--data.train.datasets[0].dataset_path",
            "here",
        ],
    )

    assert config.training.max_steps == 10
    assert config.training.trainer_type is TrainerType.HF
    assert config.model.model_kwargs == {"hidden_dim": 32}
    assert config.data.train.datasets == [
        DatasetParams(dataset_name="digits", dataset_path="here")
    ]


def test_arguments_do_without_a_file():
    config = TrainingConfig.from_yaml_and_arg_list(None, ["--model.model_name", "X"])

    assert config == TrainingConfig(model=ModelParams(model_name="X"))


def test_mistakes_in_file_and_arguments_are_told_together(tmp_path: Path):
    path = tmp_path / "a.yaml"
    path.write_text(f"training:\n  seed: x\n  max_steps: 3\n{NAMED}")

    found = mistakes(
        lambda: TrainingConfig.from_yaml_and_arg_list(
            path, ["--training.max_steps", "x", "--model.nam", "y", "--flag"]
        )
    )

    assert [line.partition(":")[0] for line in found[1:]] == [
        "argument --training.max_steps",
        "argument --model.nam",
        "argument --flag  has no value; add one",
    ]
    assert found[0].startswith(f"{path}:2:9  training.seed")
