"""The peft section, use_peft, adapter_model: trained, saved, loaded and merged."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_model
from oumi_runtime.builders.models.adapters import (
    build_peft_model,
    load_adapter,
    save_adapter,
)
from oumi_runtime.builders.models.trained import load_trained_model
from oumi_runtime.core.configs import ModelParams, PeftParams, TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import ConfigError, MissingExtraError, ModelBuildError
from oumi_runtime.models import MLPEncoder
from oumi_runtime.train import train

SIZE = {"input_dim": 300, "hidden_dim": 16, "output_dim": 10}


def encoder() -> MLPEncoder:
    torch.manual_seed(0)
    return MLPEncoder(**SIZE)


def adapted(**fields: Any) -> nn.Module:
    return build_peft_model(encoder(), PeftParams(**fields))


def trainable(model: nn.Module) -> dict[str, tuple[int, ...]]:
    return {
        name.removeprefix("base_model.model.").replace(".default", ""): tuple(p.shape)
        for name, p in model.named_parameters()
        if p.requires_grad
    }


def layer(model: nn.Module, name: str = "fc1") -> Any:
    return getattr(model.base_model.model, name)


def test_lora_r_is_the_rank_of_the_matrices_of_every_linear_module():
    assert trainable(adapted(lora_r=3)) == {
        "fc1.lora_A.weight": (3, 16),
        "fc1.lora_B.weight": (16, 3),
        "fc2.lora_A.weight": (3, 16),
        "fc2.lora_B.weight": (10, 3),
    }


def test_lora_alpha_is_the_scale_of_what_they_add():
    assert layer(adapted(lora_alpha=12, lora_r=4)).scaling["default"] == 3.0


def test_lora_dropout_drops_a_part_of_their_input():
    assert layer(adapted(lora_dropout=0.25)).lora_dropout["default"].p == 0.25


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lora_target_modules": ["fc2"]}, {"fc2"}),
        ({"lora_target_modules": ["All-Linear"]}, {"fc1", "fc2"}),
        ({"lora_target_modules": ["embedding", "fc1"]}, {"embedding", "fc1"}),
        ({"lora_exclude_modules": ["fc[2-9]", "x|embedding"]}, {"fc1"}),
        ({"lora_target_parameters": ["fc1.weight"]}, {"fc1"}),
    ],
)
def test_target_and_exclude_fields_choose_what_is_adapted(fields, expected):
    names = trainable(adapted(**fields))
    assert {name.split(".")[0] for name in names if "lora_" in name} == expected


def test_lora_modules_to_save_are_trained_whole():
    names = trainable(adapted(lora_modules_to_save=["fc2"]))
    assert "fc2.modules_to_save.weight" in names
    assert not any(name.startswith("fc2.lora") for name in names)


@pytest.mark.parametrize(
    ("bias", "expected"),
    [
        ("none", set()),
        ("lora_only", {"fc2.base_layer.bias"}),
        ("all", {"fc1.bias", "fc2.base_layer.bias"}),
    ],
)
def test_lora_bias_says_which_biases_are_trained(bias, expected):
    names = trainable(adapted(lora_bias=bias, lora_target_modules=["fc2"]))
    assert {name for name in names if name.endswith("bias")} == expected


@pytest.mark.parametrize(
    ("given", "is_zero", "keeps_base"),
    [
        ("default", True, True),
        ("random", False, True),
        ("gaussian", True, True),
        ("pissa", False, False),
        ("pissa_niter_4", False, False),
        ("olora", False, False),
    ],
)
def test_lora_init_weights_says_how_the_matrices_begin(given, is_zero, keeps_base):
    model = adapted(lora_init_weights=given, lora_r=4)
    found = layer(model)
    assert (not found.lora_B["default"].weight.any()) == is_zero
    plain = encoder()
    assert found.base_layer.weight.equal(plain.fc1.weight) == keeps_base
    ids = torch.arange(12).reshape(2, 6)
    same = torch.allclose(
        model.eval()(input_ids=ids)["logits"], plain(input_ids=ids)["logits"], atol=1e-5
    )
    assert same == (given != "random")


@pytest.mark.parametrize("given", ["eva", "loftq", "pissa_niter_[number of iters]"])
def test_a_beginning_that_is_not_possible_is_refused(given):
    with pytest.raises(ConfigError, match="lora_init_weights"):
        PeftParams(lora_init_weights=given)


@pytest.mark.parametrize("given", ["pissa", "pissa_niter_2", "olora"])
def test_what_begins_with_the_weights_is_saved_merged(given):
    PeftParams(lora_init_weights=given, peft_save_mode="merged").finalize_and_validate()
    with pytest.raises(ConfigError, match="write merged"):
        PeftParams(lora_init_weights=given).finalize_and_validate()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"lora_target_modules": ["fc3"]}, r"is named 'fc3' \(did you mean 'fc"),
        ({"lora_modules_to_save": ["head"]}, "lora_modules_to_save: nothing in MLP"),
        ({"lora_target_parameters": ["fc1"]}, "lora_target_parameters: nothing"),
        (
            {"lora_exclude_modules": ["fc"]},
            "'fc' matches no whole name of a module in .*; it has embedding",
        ),
        ({"lora_target_modules": ["relu"]}, "no adapter can be added to MLPEncoder"),
    ],
)
def test_a_name_that_matches_nothing_is_an_error(fields, sentence):
    with pytest.raises(ModelBuildError, match=sentence) as caught:
        adapted(**fields)
    assert "\n" not in str(caught.value)


def test_peft_is_needed_only_where_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "peft", None)
    build_model(ModelParams(model_name="MLPEncoder"))
    with pytest.raises(MissingExtraError, match=r"oumi-scaffold\[peft\]"):
        adapted()


def config(folder: Path, peft: dict[str, Any] | None = None, **model: Any):
    training = {
        "output_dir": str(folder / "output"),
        "max_steps": 6,
        "save_steps": 3,
        "logging_steps": 1,
        "learning_rate": 0.05,
        "use_peft": peft is not None,
        "enable_tensorboard": False,
    }
    dataset = {"dataset_name": "stdlib_docstrings", "sample_count": 64}
    text = {
        "model": {"model_name": str(folder / "base"), **model},
        "peft": peft or {},
        "data": {"train": {"datasets": [dataset]}, "test": {"datasets": [dataset]}},
        "training": training,
    }
    return TrainingConfig.from_str(json.dumps(text))


@pytest.fixture
def base(tmp_path: Path) -> MLPEncoder:
    model = encoder()
    model.save_pretrained(tmp_path / "base")
    return model


def logits(model: nn.Module) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=torch.arange(12).reshape(2, 6))[
            "logits"
        ]
    return found


@pytest.mark.parametrize("trainer_type", ["OUMI", "HF"])
def test_use_peft_trains_the_adapter_alone_and_saves_it_alone(
    tmp_path, base, trainer_type
):
    made = config(tmp_path, {"lora_r": 2})
    made.training.trainer_type = trainer_type
    assert made.training.use_peft
    result = train(made)
    output = tmp_path / "output"
    assert (output / "adapter_model.safetensors").exists()
    assert not (output / "model.safetensors").exists()
    assert not (output / "README.md").exists()
    assert layer(result.model).base_layer.weight.equal(base.fc1.weight)
    loaded, folder = load_trained_model(made)
    assert folder == output
    assert isinstance(loaded, MLPEncoder)
    assert torch.allclose(logits(loaded), logits(result.model), atol=1e-5)
    assert not torch.allclose(logits(loaded), logits(base), atol=1e-3)
    assert evaluate(made).num_samples == 64


@pytest.mark.parametrize("given", ["default", "pissa", "olora"])
def test_merged_saves_a_model_that_needs_no_peft(tmp_path, base, given):
    fields = {"peft_save_mode": "merged", "lora_init_weights": given, "lora_r": 2}
    result = train(config(tmp_path, fields))
    plain = BaseModel.from_pretrained(tmp_path / "output")
    assert isinstance(plain, MLPEncoder)
    assert torch.allclose(logits(plain), logits(result.model), atol=1e-5)
    assert not (tmp_path / "output" / "adapter_config.json").exists()
    loaded, _ = load_trained_model(config(tmp_path, fields))
    assert torch.allclose(logits(loaded), logits(result.model), atol=1e-5)


def test_a_training_with_an_adapter_is_resumed_exactly_and_evaluated_midway(
    tmp_path, base
):
    made = config(tmp_path, {"lora_r": 2, "lora_dropout": 0.1})
    whole = logits(train(made).model)
    checkpoint = tmp_path / "output" / "checkpoint-3"
    made.training.resume_from_checkpoint = str(checkpoint)
    assert logits(train(made).model).equal(whole)
    (tmp_path / "output" / "adapter_config.json").unlink()
    loaded, folder = load_trained_model(made)
    assert folder.name == "checkpoint-6"
    assert torch.allclose(logits(loaded), whole, atol=1e-5)


def test_an_adapter_of_fresh_weights_is_not_saved_alone(tmp_path):
    made = config(tmp_path, {}, model_kwargs=SIZE)
    made.model.model_name = "MLPEncoder"
    with pytest.raises(ModelBuildError, match=r"set peft\.peft_save_mode: merged"):
        train(made)


def trained_adapter(folder: Path) -> Path:
    train(config(folder, {"lora_r": 2}))
    (folder / "output").rename(folder / "adapter")
    return folder / "adapter"


def test_adapter_model_is_added_to_the_weights(tmp_path, base):
    folder = trained_adapter(tmp_path)
    params = config(tmp_path, adapter_model=str(folder)).model
    model = build_model(params)
    assert isinstance(model, MLPEncoder)
    assert not torch.allclose(logits(model), logits(base), atol=1e-3)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_adapter_trainable_trains_the_adapter_further_and_nothing_else(tmp_path, base):
    folder = trained_adapter(tmp_path)
    before = build_model(config(tmp_path, adapter_model=str(folder)).model)
    made = config(tmp_path, adapter_model=str(folder), adapter_trainable=True)
    result = train(made)
    assert layer(result.model).base_layer.weight.equal(base.fc1.weight)
    loaded, _ = load_trained_model(made)
    assert torch.allclose(logits(loaded), logits(result.model), atol=1e-5)
    assert not torch.allclose(logits(loaded), logits(before), atol=1e-3)


def test_an_adapter_that_is_none_or_another_s_is_refused(tmp_path, base):
    with pytest.raises(ModelBuildError, match=r"has no adapter_config\.json"):
        load_adapter(encoder(), tmp_path, is_trainable=False)
    save_adapter(adapted(), tmp_path / "adapter")
    other = MLPEncoder(input_dim=300, hidden_dim=8)
    with pytest.raises(ModelBuildError, match="does not fit MLPEncoder"):
        load_adapter(other, tmp_path / "adapter", is_trainable=False)


def test_two_adapters_at_once_are_refused(tmp_path, base):
    folder = str(tmp_path)
    with pytest.raises(ConfigError, match=r"training\.use_peft: .*set one of them"):
        config(
            tmp_path, {}, adapter_model=folder, adapter_trainable=True
        ).finalize_and_validate()


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("gpt2")
    torch.manual_seed(0)
    sizes = {"n_layer": 2, "n_head": 2, "n_embd": 16, "vocab_size": 300}
    sizes |= {"bos_token_id": 0, "eos_token_id": 0}
    GPT2LMHeadModel(GPT2Config(**sizes, n_positions=64)).save_pretrained(folder)
    return folder


def test_lora_task_type_makes_the_adapter_of_a_model_of_transformers(gpt2):
    model = build_model(ModelParams(model_name=str(gpt2)))
    causal = build_peft_model(model, PeftParams())
    assert type(causal).__name__ == "PeftModelForCausalLM"
    names = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in trainable(causal)}
    assert names == {"c_attn"}
    other = build_model(ModelParams(model_name=str(gpt2)))
    features = build_peft_model(other, PeftParams(lora_task_type="FEATURE_EXTRACTION"))
    assert type(features).__name__ == "PeftModelForFeatureExtraction"


@pytest.mark.parametrize("mode", ["adapter_only", "merged"])
def test_a_model_of_transformers_is_trained_saved_and_evaluated(tmp_path, gpt2, mode):
    made = config(tmp_path, {"peft_save_mode": mode}, tokenizer_name="bytes")
    made.model.model_name, made.model.model_max_length = str(gpt2), 32
    for split in (made.data.train, made.data.test):
        split.datasets[0].dataset_name = "stdlib_source"
        split.datasets[0].sample_count = 16
    result = train(made)
    loaded, _ = load_trained_model(made)
    assert torch.allclose(
        loaded.eval()(torch.arange(8)[None]).logits,
        result.model.eval()(torch.arange(8)[None]).logits,
        atol=1e-5,
    )
    assert evaluate(made).metrics["loss"] > 0
    logging.getLogger("transformers").setLevel(logging.WARNING)
