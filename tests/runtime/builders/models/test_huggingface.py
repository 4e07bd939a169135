"""Models of transformers, saved by themselves and built without a network."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.exceptions import (
    ModelBuildError,
    OumiRuntimeError,
    SavedModelError,
    UnknownNameError,
)

GPT2 = {
    "n_layer": 1,
    "n_embd": 8,
    "n_head": 2,
    "vocab_size": 20,
    "n_positions": 16,
    "bos_token_id": 0,
    "eos_token_id": 0,
}
BERT = {
    "num_hidden_layers": 1,
    "hidden_size": 8,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "vocab_size": 20,
    "num_labels": 3,
}


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every request to the hub fail at once, as without a network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def gpt2(tmp_path: Path) -> Path:
    import transformers

    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT2))
    model.save_pretrained(tmp_path / "gpt2")
    return tmp_path / "gpt2"


@pytest.fixture
def bert(tmp_path: Path) -> Path:
    import transformers

    config = transformers.BertConfig(**BERT)
    model = transformers.BertForSequenceClassification(config)
    model.save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def build(name: str | Path, **fields: Any) -> nn.Module:
    return build_model(ModelParams(model_name=str(name), device_map="cpu", **fields))


def weight_of(model: nn.Module) -> torch.Tensor:
    weight: torch.Tensor = model.state_dict()["transformer.wte.weight"]
    return weight


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


def test_a_folder_is_loaded_as_the_class_that_it_names(gpt2: Path, bert: Path) -> None:
    model = build(gpt2)
    assert type(model).__name__ == "GPT2LMHeadModel"
    assert model.training
    ids = torch.arange(6).reshape(2, 3)
    outputs = model(input_ids=ids, labels=ids)
    assert outputs["loss"].ndim == 0
    assert outputs["logits"].shape == (2, 3, 20)
    assert type(build(bert)).__name__ == "BertForSequenceClassification"


def test_its_weights_are_loaded_unless_fresh_ones_are_asked_for(gpt2: Path) -> None:
    torch.manual_seed(7)
    loaded, again = build(gpt2), build(gpt2, load_pretrained_weights=True)
    fresh = build(gpt2, load_pretrained_weights=False)
    assert torch.equal(weight_of(loaded), weight_of(again))
    assert not torch.equal(weight_of(loaded), weight_of(fresh))
    assert fresh.training


def test_a_saved_type_is_kept_and_fresh_weights_are_float32(gpt2: Path) -> None:
    import transformers

    half = transformers.GPT2LMHeadModel.from_pretrained(gpt2, dtype=torch.bfloat16)
    half.save_pretrained(gpt2)
    assert weight_of(build(gpt2)).dtype is torch.bfloat16
    fresh = build(gpt2, load_pretrained_weights=False)
    assert weight_of(fresh).dtype is torch.float32
    assert weight_of(build(gpt2, torch_dtype_str="fp16")).dtype is torch.float16


def test_model_kwargs_change_the_config_of_the_model(bert: Path) -> None:
    fresh = {"load_pretrained_weights": False}
    model = build(bert, model_kwargs={"num_labels": 5}, **fresh)
    assert model.get_submodule("classifier").out_features == 5
    tokens = {"architectures": ["BertForTokenClassification"]}
    model = build(bert, model_kwargs=tokens, **fresh)
    assert type(model).__name__ == "BertForTokenClassification"


def test_without_architectures_a_language_model_is_made(gpt2: Path) -> None:
    change_config(gpt2, lambda config: config.pop("architectures"))
    assert type(build(gpt2)).__name__ == "GPT2LMHeadModel"


def test_attention_is_computed_as_asked_for(gpt2: Path) -> None:
    for kind in ("eager", "sdpa"):
        model = build(gpt2, attn_implementation=kind)
        assert model.config._attn_implementation == kind


def test_a_mapping_of_modules_to_devices_is_heeded(gpt2: Path) -> None:
    whole = ModelParams(model_name=str(gpt2), device_map={"": "cpu"})
    assert weight_of(build_model(whole)).device.type == "cpu"


def test_layers_are_frozen_in_it(gpt2: Path) -> None:
    model = build(gpt2, freeze_layers=["transformer.h.*"])
    parameters = dict(model.named_parameters())
    assert not parameters["transformer.h.0.attn.c_attn.weight"].requires_grad
    assert parameters["transformer.wte.weight"].requires_grad


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model_kwargs": {"n_layr": 2}}, "no 'n_layr' (did you mean 'n_layer'?)"),
        ({"model_kwargs": {"trust_remote_code": True}}, "set model.trust_remote_code"),
        ({"model_kwargs": {"dtype": "bfloat16"}}, "set model.torch_dtype_str"),
        ({"attn_implementation": "banana"}, "banana"),
        ({"model_kwargs": {"architectures": ["NoNet"]}}, "is a NoNet, which"),
        ({"model_kwargs": {"n_embd": 12}}, "cannot be created"),
        ({"freeze_layers": ["transfomer"]}, "did you mean 'transformer'"),
    ],
)
def test_what_it_does_not_take_is_said_in_one_line(
    gpt2: Path, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelBuildError) as caught:
        build(gpt2, **fields)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_that_cannot_fit_is_refused(gpt2: Path) -> None:
    with pytest.raises(ModelBuildError, match="does not fit in memory"):
        build(gpt2, model_kwargs={"vocab_size": 10**12})


def test_the_code_beside_a_model_is_not_run_unless_the_config_says_so(
    gpt2: Path,
) -> None:
    (gpt2 / "own_net.py").write_text("raise SystemExit('it was run')\n")
    change_config(
        gpt2,
        lambda config: config.update(
            model_type="own_net",
            trust_remote_code=True,
            auto_map={"AutoConfig": "own_net.C", "AutoModel": "own_net.M"},
        ),
    )
    with pytest.raises(ModelBuildError):
        build(gpt2)
    with pytest.raises(SystemExit, match="it was run"):
        build(gpt2, trust_remote_code=True)


@pytest.mark.usefixtures("_offline")
def test_a_name_on_the_hub_that_cannot_be_had_is_said_in_one_line() -> None:
    with pytest.raises(ModelBuildError) as caught:
        build("nobody/there-is-no-such-model")
    said = str(caught.value)
    assert said.startswith("no model 'nobody/there-is-no-such-model': it is not regi")
    assert "cannot be downloaded from the Hugging Face hub" in said
    assert "\n" not in said


@pytest.fixture
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        pytest.fail(f"a request to {args[1:]}")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize("name", ["MLPEncodr", "gpt2", "./no/folder", "a/b/c", "/no/x"])
def test_a_name_that_cannot_be_on_the_hub_is_not_asked_for(name: str) -> None:
    with pytest.raises(OumiRuntimeError) as caught:
        build(name)
    assert isinstance(caught.value, UnknownNameError)
    if name == "MLPEncodr":
        assert "did you mean 'MLPEncoder'" in str(caught.value)


@pytest.mark.usefixtures("_no_network")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"attn_implementation": "sdpa"}, "attn_implementation is for"),
        ({"model_revision": "main"}, "model_revision is for"),
        ({"trust_remote_code": True}, "trust_remote_code is for"),
        ({"device_map": {"": "cpu"}}, "device_map as a mapping is for"),
    ],
)
def test_what_is_for_transformers_is_refused_with_a_registered_name(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelBuildError, match=said):
        build_model(ModelParams(model_name="MLPEncoder", **fields))


def test_a_folder_of_ours_is_not_taken_for_one_of_transformers(tmp_path: Path) -> None:
    model = build("MLPEncoder")
    model.save_pretrained(tmp_path)
    assert type(build(tmp_path)).__name__ == "MLPEncoder"
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(SavedModelError, match=r"has no model\.safetensors"):
        build(tmp_path)


def test_compiling_is_done_in_place() -> None:
    plain, model = build("MLPEncoder"), build("MLPEncoder", compile=True)
    assert plain._compiled_call_impl is None
    assert model._compiled_call_impl is not None
    assert list(model.state_dict()) == list(plain.state_dict())
