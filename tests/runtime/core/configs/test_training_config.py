"""Reading, making, changing and writing a whole config."""

import copy
import dataclasses
import io
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from config_mistakes import GOOD, mistakes
from pydantic import Field

from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
    TrainerType,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.core.configs.json_schema import descriptions
from oumi_runtime.core.configs.params.base_params import section
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ConfigError

PAGE = """
model:
  model_name: "MLPEncoder"
  model_kwargs:
    input_dim: 1000
    hidden_dim: 256
    output_dim: 10
  torch_dtype_str: "float32"
  device_map: "auto"

data:
  train:
    datasets:
      - dataset_name: "text_classification"
        dataset_path: "path/to/data"
        split: "train"

training:
  output_dir: "outputs/mlp_run"
  num_train_epochs: 3
  learning_rate: 1e-4
  per_device_train_batch_size: 32
"""


def test_the_page_s_config_is_read(tmp_path: Path, monkeypatch):
    (tmp_path / "path/to/data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    config = TrainingConfig.from_str(PAGE)
    config.finalize_and_validate()

    assert config.model.model_kwargs == {
        "input_dim": 1000,
        "hidden_dim": 256,
        "output_dim": 10,
    }
    assert config.data.train.datasets[0].dataset_path == "path/to/data"
    assert config.training.learning_rate == 1e-4
    assert config.training.per_device_train_batch_size == 32


def test_a_config_can_be_made_in_python_and_changed_later():
    config = TrainingConfig()
    config.training.max_steps = 10
    config.model.model_name = "MLPEncoder"
    config.data.train.datasets.append(DatasetParams(dataset_name="digits"))
    config.finalize_and_validate()

    assert config.training.max_steps == 10
    assert TrainingConfig().training.max_steps == -1
    assert TrainingConfig().data.train.datasets == []


def test_a_section_can_be_copied_with_a_change():
    changed = dataclasses.replace(TrainingParams(), max_steps=3)

    assert changed.max_steps == 3
    assert changed == TrainingParams(max_steps=3)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_config_survives_copying_and_pickling_and_is_still_checked(duplicate):
    config = TrainingConfig.from_str(GOOD)
    other = duplicate(config)

    assert other == config
    with pytest.raises(ConfigError):
        other.training.max_steps = "x"


def test_a_config_of_the_users_own_can_add_a_section():
    @section
    class MyConfig(TrainingConfig):
        mine: ModelParams = Field(default_factory=ModelParams)

    config = MyConfig.from_str(f"{GOOD}\nmine:\n  model_name: x\n")

    assert config.mine.model_name == "x"
    assert (
        "mine.model_nam: unknown"
        in mistakes(lambda: MyConfig.from_str("mine: {model_nam: 1}"))[-1]
    )


def test_iterating_gives_names_and_values():
    assert dict(DatasetParams(dataset_name="x"))["dataset_name"] == "x"
    assert [name for name, _ in TrainingConfig()] == [
        "data",
        "model",
        "training",
        "peft",
        "fsdp",
    ]


def test_a_section_whose_lines_are_all_comments_has_its_defaults():
    text = (
        "model:\n  model_kwargs:\n    # x: 1\ntraining:\ndata:\n  train:\n    datasets:"
    )

    config = TrainingConfig.from_str(text)

    assert config == TrainingConfig()


def test_a_config_that_is_written_reads_the_same(tmp_path: Path):
    config = TrainingConfig.from_str(GOOD)
    config.training.trainer_type = TrainerType.HF
    config.training.output_dir = "1e-4"
    config.training.run_name = "no"
    config.model.tokenizer_name = "true"
    config.model.model_kwargs = {
        "octal": "0o7",
        "none": "~",
        "text": "ä: #\n'",
        "nested": [{"x": 1e-5, "y": None, 3: False}],
    }
    config.to_yaml(tmp_path / "a.yaml")

    assert TrainingConfig.from_yaml(tmp_path / "a.yaml") == config


def test_a_config_can_be_written_to_a_buffer_and_a_log(capsys, caplog):
    config = TrainingConfig.from_str(GOOD)
    buffer = io.StringIO()
    config.to_yaml(buffer)
    config.print_config()
    with caplog.at_level(logging.INFO):
        config.print_config(logging.getLogger("a"))

    assert capsys.readouterr().out == buffer.getvalue()
    assert caplog.messages == [f"config:\n{buffer.getvalue()}"]
    assert "eval_strategy: 'no'" in buffer.getvalue()


def test_a_value_that_yaml_cannot_hold_is_named(tmp_path: Path):
    config = TrainingConfig(model=ModelParams(model_kwargs={"x": object}))

    with pytest.raises(TypeError, match="<class 'object'> cannot be written as YAML"):
        config.to_yaml(tmp_path / "a.yaml")
    assert not (tmp_path / "a.yaml").exists()


def test_reading_a_config_lets_the_registry_find_its_project(tmp_path):
    (tmp_path / "oumi_requirements.txt").write_text("net.py\n")
    (tmp_path / "net.py").write_text('register("ProjectNet", RegistryType.MODEL)(Net)')
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/a.yaml").write_text(GOOD)

    with REGISTRY.isolated():
        assert not REGISTRY.contains("ProjectNet", RegistryType.MODEL)
        TrainingConfig.from_yaml(tmp_path / "configs/a.yaml")
        assert REGISTRY.contains("ProjectNet", RegistryType.MODEL)

    assert not REGISTRY.contains("ProjectNet", RegistryType.MODEL)


def test_get_split_gives_each_split():
    data = DataParams(
        **{
            name: DatasetSplitParams(datasets=[DatasetParams(dataset_name=name)])
            for name in ("train", "test", "validation")
        }
    )

    for split in DatasetSplit:
        assert data.get_split(split).datasets[0].dataset_name == split.value


SECTIONS = [TrainingConfig, ModelParams, DatasetParams, DatasetSplitParams, DataParams]


@pytest.mark.parametrize("section", [*SECTIONS, TrainingParams])
def test_every_field_is_described(section):
    assert list(descriptions(section)) == [f.name for f in dataclasses.fields(section)]


def test_a_config_is_checked_without_anything_heavy():
    code = (
        "import sys; from oumi_runtime.core.configs import TrainingConfig\n"
        f"TrainingConfig.from_str({GOOD!r}).finalize_and_validate()\n"
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    loaded = set(done.stdout.split())
    assert "pydantic" in loaded
    assert not {"torch", "transformers", "jinja2", "click", "numpy"} & loaded
