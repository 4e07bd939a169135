"""Reading, validating and writing a whole config."""

import copy
import dataclasses
import io
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import Field

from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    MixedPrecisionDtype,
    ModelParams,
    SchedulerType,
    TrainerType,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.core.configs.json_schema import descriptions
from oumi_runtime.core.configs.params.base_params import section
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ConfigError

GOOD = """
model:
  model_name: MLPEncoder
  model_kwargs:
    hidden_dim: 64
data:
  train:
    datasets:
      - dataset_name: digits
training:
  learning_rate: 1e-4
  eval_strategy: no
"""

NAMED = """
model:
  model_name: MLPEncoder
data:
  train:
    datasets:
      - dataset_name: digits
"""

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


def mistakes(action):
    with pytest.raises(ConfigError) as caught:
        action()
    assert isinstance(caught.value, ValueError)
    assert caught.value.exit_code == 2
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.mistakes)
    return lines


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


def test_every_mistake_of_a_file_is_told_in_its_order(tmp_path: Path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "training:\n"
        "  lerning_rate: 1e-4\n"
        "  learning_rate: fast\n"
        "  per_device_train_batch_size: -8\n"
        "  adam_beta1: 1\n"
        "  max_steps: 0\n"
        "  max_grad_norm: .nan\n"
        "  save_epoch: yes\n"
        "  output_dir: 3\n"
        "  trainer_type: TRL_SFT\n"
        "  optimizer: adamw_tosrch\n"
        "  seed: '42'\n"
        "  num_train_epochs: 1.5\n"
        "model:\n"
        "  device_map: banana\n"
        "  model_kwargs: 3\n"
        "  zzz: 1\n"
        "learning_rate: 1\n"
        "data:\n"
        "  train:\n"
        "    datasets: digits\n"
        "  test: [1]\n"
        "  validation:\n"
        "    datasets:\n"
        "      - sample_count: 0\n"
    )

    found = mistakes(lambda: TrainingConfig.from_yaml(path))

    assert [line.removeprefix(f"{path}:") for line in found] == [
        "2:3  training.lerning_rate: unknown key (did you mean 'learning_rate'?)",
        "3:18  training.learning_rate: 'fast' is not a number; write a number such as"
        " 1e-4",
        "4:32  training.per_device_train_batch_size: -8 is out of range; it must be"
        " at least 1",
        "5:15  training.adam_beta1: 1 is out of range; it must be less than 1.0",
        "6:14  training.max_steps: 0 is out of range; it must be at least 1, or -1"
        " for no limit",
        "7:18  training.max_grad_norm: nan is not a finite number",
        "8:15  training.save_epoch: 'yes' is neither true nor false; write one of them",
        "9:15  training.output_dir: 3 is not a string; put it in quotes: '3'",
        "10:17  training.trainer_type: 'TRL_SFT' tunes language models for chat, which"
        " is not supported; write oumi or hf",
        "11:14  training.optimizer: 'adamw_tosrch' is not one of adamw_torch,"
        " adamw_torch_fused, adamw, adam, sgd, adafactor, lion, muon, adamw_8bit,"
        " adam_8bit, lion_8bit, paged_adamw_8bit (did you mean 'adamw_torch'?)",
        "12:9  training.seed: '42' is not a whole number; write 42 without quotes",
        "13:21  training.num_train_epochs: 1.5 is not a whole number; write a number"
        " such as 10",
        "14:1  model.model_name: is missing; write a registered name or the folder of a"
        " saved model",
        "15:15  model.device_map: 'banana' is not one of auto, cpu, cuda, cuda:0 (or"
        " another), mps; nor is it a mapping of modules to devices",
        "16:17  model.model_kwargs: 3 is not a mapping; write `key: value` lines below"
        " it",
        "17:3  model.zzz: unknown key; `oumi-scaffold schema` lists the valid ones",
        "18:1  learning_rate: unknown key (it belongs in 'training')",
        "21:15  data.train.datasets: 'digits' is not a list; write `- ` before each"
        " entry",
        "22:9  data.test: [1] is not a section; write `key: value` lines below it",
        "25:9  data.validation.datasets[0].dataset_name: is missing; write a registered"
        " name",
        "25:23  data.validation.datasets[0].sample_count: 0 is out of range; it must"
        " be at least 1",
    ]


def test_a_key_that_is_no_text_is_refused():
    found = mistakes(lambda: TrainingConfig.from_str(f"{GOOD}peft:\n  1: x\n"))

    assert found == ["<text>:14:3  peft[1]: 1 is not the name of a key"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: TrainingParams(max_stps=3), "max_stps: unknown key (did you mean"),
        (lambda: TrainingParams(max_steps="3"), "max_steps: '3' is not a whole number"),
        (lambda: TrainingParams(max_steps=True), "max_steps: true is not a whole"),
        (lambda: TrainingParams(learning_rate=True), "learning_rate: true is not a"),
        (lambda: ModelParams(device_map="cuda:"), "device_map: 'cuda:' is not one of"),
        (
            lambda: ModelParams(model_kwargs={1: 2}),
            "model_kwargs[1]: 1 is not a string",
        ),
        (
            lambda: setattr(TrainingConfig().training, "max_steps", "x"),
            "max_steps: 'x' is not a whole number",
        ),
        (
            lambda: setattr(TrainingConfig().training, "max_step", 3),
            "max_step: unknown key (did you mean 'max_steps'?)",
        ),
        (lambda: TrainingConfig(training=3), "training: 3 is not a section"),
    ],
)
def test_a_mistake_made_in_python_names_the_key(make, expected):
    found = mistakes(make)

    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("trainer_type", "OUMI", TrainerType.OUMI),
        ("trainer_type", "hf", TrainerType.HF),
        ("trainer_type", TrainerType.HF, TrainerType.HF),
        ("lr_scheduler_type", "COSINE", SchedulerType.COSINE),
        ("lr_scheduler_type", SchedulerType.COSINE_WITH_MIN_LR, "cosine_with_min_lr"),
        ("mixed_precision_dtype", "BF16", MixedPrecisionDtype.BF16),
        ("mixed_precision_dtype", "none", MixedPrecisionDtype.NONE),
        ("eval_strategy", "Steps", "steps"),
        ("optimizer", "AdamW", "adamw"),
        ("learning_rate", 1, 1.0),
        ("max_grad_norm", None, None),
        ("max_grad_norm", 0, 0.0),
        ("save_steps", 0, 0),
        ("warmup_ratio", 1, 1.0),
        ("max_steps", -1, -1),
        ("seed", 2**32 - 1, 2**32 - 1),
    ],
)
def test_a_legal_value_is_taken(field, given, expected):
    params = TrainingParams(**{field: given})
    assert getattr(params, field) == expected
    assert type(getattr(params, field)) is type(expected) or field.startswith("lr_")

    later = TrainingParams()
    setattr(later, field, given)
    assert later == params


@pytest.mark.parametrize(
    ("given", "expected"),
    [("fp32", "float32"), ("BF16", "bfloat16"), ("half", "float16"), ("Auto", "auto")],
)
def test_a_dtype_may_be_given_by_its_short_name(given, expected):
    assert ModelParams(torch_dtype_str=given).torch_dtype_str == expected


@pytest.mark.parametrize("given", ["auto", "cpu", "cuda", "cuda:3", "mps", None, "CPU"])
def test_a_device_may_be_any_that_torch_may_have(given):
    assert ModelParams(device_map=given).device_map == (given and given.lower())


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("gradient_accumulation_steps", 0),
        ("save_steps", -2),
        ("max_steps", -2),
        ("num_train_epochs", 0),
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("learning_rate", None),
        ("warmup_ratio", 1.1),
        ("warmup_steps", -1),
        ("adam_beta2", 1.0),
        ("weight_decay", -0.1),
        ("max_grad_norm", float("inf")),
        ("seed", -1),
        ("seed", 2**32),
        ("dataloader_num_workers", -1),
        ("eval_strategy", False),
        ("optimizer", None),
    ],
)
def test_a_value_out_of_range_is_refused(field, given):
    found = mistakes(lambda: TrainingParams(**{field: given}))

    assert len(found) == 1
    assert found[0].startswith(f"{field}: ")


def test_rules_that_join_fields_are_told_at_once_with_their_places(tmp_path: Path):
    path = tmp_path / "bad.yaml"
    path.write_text(
        "model:\n"
        "  adapter_trainable: true\n"
        "data:\n"
        "  test:\n"
        "    datasets:\n"
        "      - split: test\n"
        "training:\n"
        "  warmup_ratio: 0.1\n"
        "  warmup_steps: 10\n"
        "  eval_strategy: steps\n"
    )
    config = TrainingConfig.from_yaml(path)

    found = mistakes(config.finalize_and_validate)

    assert [line.removeprefix(f"{path}:") for line in found] == [
        "1:1  model.model_name: is missing; write a registered name or the folder of a"
        " saved model",
        "2:22  model.adapter_trainable: true has no effect without adapter_model; name"
        " the adapter's folder",
        "3:1  data.train.datasets: names no dataset; add one to train on",
        "6:9  data.test.datasets[0].dataset_name: is missing; write a registered name",
        "9:17  training.warmup_steps: is given with warmup_ratio; keep one of the two",
        "10:18  training.eval_strategy: 'steps' needs a dataset in"
        " data.validation.datasets; add one, or write 'no'",
    ]


def test_the_places_outlast_an_assignment():
    config = TrainingConfig.from_str("model:\n  adapter_trainable: true\n")
    config.data = DataParams()

    found = mistakes(config.finalize_and_validate)

    assert "<text>:2:22  model.adapter_trainable: true has no effect" in found[-1]


def test_a_section_can_be_checked_alone():
    assert mistakes(ModelParams().finalize_and_validate)[0].startswith("model_name: is")
    ModelParams(model_name="x").finalize_and_validate()


def test_what_was_put_into_a_list_unchecked_is_found_in_the_end():
    config = TrainingConfig.from_str(GOOD)
    config.data.train.datasets.append("digits")

    found = mistakes(config.finalize_and_validate)

    assert "data.train.datasets[1]: 'digits' is not a section" in found[0]


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
        "argument --training.max_steps  training.max_steps",
        "argument --model.nam  model.nam",
        "argument --flag  has no value; add one",
    ]
    assert found[0].startswith(f"{path}:2:9  training.seed")


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
