"""build_model: a registered name or a saved folder, as asked for, or one sentence."""

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_model
from oumi_runtime.builders.models import building
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.exceptions import DeviceError, OumiRuntimeError, SavedModelError
from oumi_runtime.models import CNNClassifier, MLPEncoder

SMALL = {"input_dim": 9, "hidden_dim": 4, "output_dim": 3}
IDS = torch.tensor([[1, 2, 3]])


def build(name="MLPEncoder", **params):
    defaults = {"model_kwargs": SMALL, "device_map": "cpu"}
    return build_model(ModelParams(model_name=name, **{**defaults, **params}))


def refused(match: str, **params) -> str:
    with pytest.raises(OumiRuntimeError, match=match) as error:
        build(**params)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_model_of_the_page_is_built():
    model_params = ModelParams(
        model_name="MLPEncoder",
        model_kwargs={"input_dim": 1000, "hidden_dim": 256, "output_dim": 10},
        torch_dtype_str="float32",
        device_map="auto",
    )
    model = build_model(model_params=model_params)
    assert isinstance(model, MLPEncoder)
    assert model.embedding.weight.shape == (1000, 256)
    assert model.training


@pytest.mark.parametrize("name", ["mlpencoder", "MLPENCODER"])
def test_the_case_of_the_name_does_not_matter(name):
    assert isinstance(build(name), MLPEncoder)


def test_more_arguments_go_before_those_of_the_config():
    params = ModelParams(model_name="MLPEncoder", model_kwargs=SMALL, device_map="cpu")
    assert build_model(params, hidden_dim=6).init_kwargs["hidden_dim"] == 6
    assert params.model_kwargs == SMALL


@pytest.mark.parametrize(
    ("given", "dtype"),
    [
        ("auto", torch.float32),
        ("float32", torch.float32),
        ("bf16", torch.bfloat16),
        ("float16", torch.float16),
        ("float64", torch.float64),
    ],
)
def test_the_parameters_have_the_dtype_asked_for(given, dtype):
    model = build(torch_dtype_str=given)
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}


@pytest.mark.parametrize("device_map", [None, "cpu", "auto"])
def test_a_device_that_every_machine_has(device_map):
    expected = "cpu"
    if device_map == "auto" and torch.cuda.is_available():
        expected = "cuda"
    model = build(device_map=device_map)
    assert {p.device.type for p in model.parameters()} == {expected}


@pytest.mark.parametrize("device_map", ["cuda", "cuda:0", "cuda:77"])
def test_a_gpu_that_is_not_there_is_refused(device_map, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match=f"'{device_map}'.*0 GPUs.*'cpu'") as error:
        build(device_map=device_map)
    assert isinstance(error.value, ValueError)


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(KeyError, match=r"'MLPEncodr' \(did you mean 'MLPEncoder'\?\)"):
        build("MLPEncodr")


def test_an_unknown_name_says_where_it_was_looked_for(tmp_path, monkeypatch):
    (tmp_path / "oumi_requirements.txt").write_text("net.py\n", encoding="utf-8")
    (tmp_path / "net.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    refused(r"oumi_requirements\.txt", name="Elsewhere")


@pytest.mark.parametrize("fields", [{}, {"model_name": ""}, {"model_name": " "}])
def test_a_name_that_is_missing_is_asked_for(fields):
    with pytest.raises(OumiRuntimeError, match=r"model\.model_name is missing; write"):
        build_model(ModelParams(**fields))


def test_an_argument_that_the_constructor_lacks_is_refused_with_a_suggestion():
    refused(
        r"MLPEncoder takes no 'hiden_dim' \(did you mean 'hidden_dim'\?\)",
        model_kwargs={"hiden_dim": 4},
    )


def test_an_argument_that_is_missing_is_named():
    refused(
        "also needs image_height", name="CnnClassifier", model_kwargs={"image_width": 9}
    )


def test_an_argument_that_the_constructor_refuses_is_one_sentence():
    size = {"image_width": 9, "image_height": 9}
    refused("9x9 is too small", name="CnnClassifier", model_kwargs=size)


def test_a_class_that_leaves_something_out_is_refused():
    @register("Half", RegistryType.MODEL)
    class Half(BaseModel):
        def forward(self, x):
            return {}

    refused("Half.* has no criterion; write it as a", name="Half", model_kwargs={})


def test_a_registered_function_may_make_the_model():
    @register("made", RegistryType.MODEL)
    def make(width: int) -> nn.Module:
        return nn.Linear(width, 1)

    assert build("made", model_kwargs={"width": 3}).in_features == 3
    refused("takes no 'height'", name="made", model_kwargs={"height": 3})


def test_what_makes_no_module_is_refused():
    REGISTRY.register("dict", RegistryType.MODEL, dict)
    REGISTRY.register("text", RegistryType.MODEL, lambda: "text")
    refused("creates a str", name="text", model_kwargs={})


def test_a_saved_folder_is_loaded(tmp_path):
    model = MLPEncoder(**SMALL)
    model.save_pretrained(tmp_path / "saved")
    for load in (None, True):
        loaded = build(
            str(tmp_path / "saved"), model_kwargs={}, load_pretrained_weights=load
        )
        assert loaded(IDS)["logits"].equal(model(IDS)["logits"])
        assert loaded.training


def test_a_saved_folder_keeps_its_dtype_unless_another_is_asked_for(tmp_path):
    MLPEncoder(**SMALL).bfloat16().save_pretrained(tmp_path)
    assert build(str(tmp_path), model_kwargs={}).fc1.weight.dtype == torch.bfloat16
    other = build(str(tmp_path), model_kwargs={}, torch_dtype_str="fp32")
    assert other.fc1.weight.dtype == torch.float32


def test_the_architecture_of_a_saved_folder_can_start_fresh(tmp_path):
    model = MLPEncoder(**SMALL)
    model.save_pretrained(tmp_path)
    fresh = build(
        str(tmp_path), model_kwargs={"output_dim": 5}, load_pretrained_weights=False
    )
    assert fresh.init_kwargs == {**SMALL, "output_dim": 5}
    assert not fresh.fc1.weight.equal(model.fc1.weight)


def test_weights_cannot_be_loaded_by_a_registered_name():
    refused(
        "load_pretrained_weights is true, but 'MLPEncoder' is a registered name",
        load_pretrained_weights=True,
    )


def test_a_registered_name_goes_before_a_folder_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CNNClassifier(28, 28).save_pretrained(tmp_path / "MLPEncoder")
    assert isinstance(build("MLPEncoder"), MLPEncoder)
    assert isinstance(build("./MLPEncoder", model_kwargs={}), CNNClassifier)


def test_a_folder_below_another_may_have_a_registered_name(tmp_path):
    CNNClassifier(28, 28).save_pretrained(tmp_path / "outputs" / "MLPEncoder")
    name = str(tmp_path / "outputs" / "MLPEncoder")
    assert isinstance(build(name, model_kwargs={}), CNNClassifier)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(SavedModelError, match=r"has no model\.safetensors") as error:
        build(str(tmp_path), model_kwargs={})
    assert isinstance(error.value, FileNotFoundError)


def test_an_argument_that_a_saved_models_class_lacks_is_refused(tmp_path):
    MLPEncoder(**SMALL).save_pretrained(tmp_path)
    refused("hiden_dim", name=str(tmp_path), model_kwargs={"hiden_dim": 4})


def test_the_gpu_of_a_model_becomes_the_current_one(monkeypatch) -> None:
    """Otherwise graphs would capture nothing, and events be those of another GPU."""
    made_current: list[torch.device] = []
    device = torch.device("cuda:1")
    monkeypatch.setattr(building, "resolve_device", lambda device_map: device)
    monkeypatch.setattr(torch.cuda, "set_device", made_current.append)
    monkeypatch.setattr(nn.Module, "to", lambda self, *_: self)
    build(device_map="cuda:1")
    assert made_current == [device]
