"""How the mistakes of a config are told: all at once, each with its place."""

from pathlib import Path

import pytest
from config_mistakes import GOOD, mistakes

from oumi_runtime.core.configs import (
    DataParams,
    ModelParams,
    TrainingConfig,
    TrainingParams,
)


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
