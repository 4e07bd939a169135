"""Defining, registering and building a model does what Oumi's page says it does."""

import importlib
import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import page_blocks
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.builders import build_model
from oumi_runtime.core import registry
from oumi_runtime.core.configs import ModelParams, TrainingConfig
from oumi_runtime.core.models import BaseModel
from oumi_runtime.exceptions import ModelBuildError
from oumi_runtime.models import MLPEncoder

USERS_FILE = page_blocks.MODEL_CLASS.replace('"MLPEncoder"', '"my_custom_model"')
KWARGS = {"input_dim": 50, "hidden_dim": 8, "output_dim": 3}


@pytest.fixture
def users_model(write: Callable) -> nn.Module:
    """The page's class, in a file of the user's, under a name that is free."""
    write({"oumi_requirements.txt": "models/mine.py\n", "models/mine.py": USERS_FILE})
    return build_model(ModelParams(model_name="my_custom_model", model_kwargs=KWARGS))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("core.models", "BaseModel"),
        ("core.models.base_model", "BaseModel"),
        ("core.registry", "Registry"),
        ("core.registry", "register"),
        ("core.configs", "TrainingConfig"),
        ("core.configs.training_config", "TrainingConfig"),
        ("core.configs", "ModelParams"),
        ("core.configs.params.model_params", "ModelParams"),
        ("models.mlp", "MLPEncoder"),
        ("models", "CNNClassifier"),
        ("builders", "build_model"),
        ("train", "train"),
    ],
)
def test_a_name_of_the_page_is_where_the_page_has_it(module: str, name: str):
    assert callable(getattr(importlib.import_module(f"oumi_runtime.{module}"), name))


def test_a_model_is_a_pytorch_module_that_must_say_how_it_runs_and_learns():
    assert issubclass(BaseModel, nn.Module)

    class Silent(BaseModel):
        pass

    with pytest.raises(TypeError, match=r"abstract methods '?criterion'?, '?forward"):
        Silent()  # type: ignore[abstract]


def test_the_class_as_printed_is_built_by_its_name(users_model: nn.Module):
    assert type(users_model).__name__ == "MLPEncoder"
    assert not isinstance(users_model, MLPEncoder)
    assert {k: tuple(p.shape) for k, p in users_model.named_parameters()} == {
        "embedding.weight": (50, 8),
        "fc1.weight": (8, 8),
        "fc1.bias": (8,),
        "fc2.weight": (3, 8),
        "fc2.bias": (3,),
    }


def test_its_outputs_are_a_dict_with_a_loss_where_there_are_labels(
    users_model: Any,
):
    device = users_model.fc1.weight.device
    ids = torch.randint(0, 50, (4, 6), device=device)
    labels = torch.randint(0, 3, (4, 6), device=device)
    assert set(users_model(input_ids=ids)) == {"logits"}
    outputs = users_model(input_ids=ids, labels=labels)
    assert outputs["loss"].shape == ()
    assert users_model.criterion is F.cross_entropy


def test_it_is_saved_and_loaded_although_it_gives_the_base_class_no_arguments(
    users_model: BaseModel, project: Path
):
    users_model.save_pretrained(project / "saved")
    saved = json.loads((project / "saved/config.json").read_text())
    assert saved["init_kwargs"] == KWARGS
    assert saved["model_name"] == "my_custom_model"
    loaded = BaseModel.from_pretrained(project / "saved")
    assert type(loaded) is type(users_model)
    for name, weight in users_model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight.cpu())


def test_the_class_as_printed_runs_as_a_program_under_its_own_name(
    write: Callable, python: Callable[..., str]
):
    use = """
from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams
model = build_model(ModelParams(model_name="MLPEncoder", model_kwargs={"input_dim": 5}))
assert type(model) is MLPEncoder, type(model)
model.save_pretrained("saved")
loaded = BaseModel.from_pretrained("saved")
assert type(loaded) is MLPEncoder
print(loaded.init_kwargs)
"""
    write({"mine.py": page_blocks.MODEL_CLASS + use})
    printed = python("-W", "error", "mine.py")
    assert printed == "{'input_dim': 5, 'hidden_dim': 128, 'output_dim': 10}\n"


def test_the_built_in_model_has_the_pages_constructor(users_model: nn.Module):
    ours, theirs = inspect.signature(MLPEncoder), inspect.signature(type(users_model))
    assert [(p.name, p.default) for p in ours.parameters.values()] == [
        (p.name, p.default) for p in theirs.parameters.values()
    ]
    weights = users_model.state_dict()
    assert MLPEncoder(**KWARGS).load_state_dict(weights).missing_keys == []


def test_the_pytest_example_passes_as_printed(
    write: Callable, python: Callable[..., str]
):
    write({"test_page.py": page_blocks.PYTEST_EXAMPLE})
    options = ["-q", "-W", "error", "-p", "no:cacheprovider"]
    assert "1 passed" in python("-m", "pytest", *options, "test_page.py")


@pytest.mark.usefixtures("project")
def test_build_model_works_as_printed():
    names: dict[str, Any] = {}
    exec(page_blocks.BUILD_MODEL, names)
    model = names["model"]
    assert type(model) is MLPEncoder
    assert model.embedding.weight.shape == (1000, 256)
    assert model.fc2.out_features == 10
    assert model.fc1.weight.dtype is torch.float32


def test_the_model_section_is_read_as_printed(users_model: nn.Module):
    config = TrainingConfig.from_str(page_blocks.MODEL_SECTION)
    assert config.model == ModelParams(
        model_name="my_custom_model",
        model_kwargs={"input_dim": 768, "hidden_dim": 128, "output_dim": 10},
        trust_remote_code=False,
        torch_dtype_str="float32",
        device_map="auto",
    )
    assert type(build_model(config.model)) is type(users_model)


@pytest.mark.usefixtures("users_model")
def test_all_constructor_parameters_go_into_model_kwargs():
    params = ModelParams(model_name="my_custom_model", model_kwargs={"hiden_dim": 8})
    with pytest.raises(ModelBuildError, match=r"hiden_dim.*did you mean 'hidden_dim'"):
        build_model(params)


def test_the_registry_makes_a_model_discoverable_by_name(users_model: nn.Module):
    found = registry.REGISTRY.get_model("my_custom_model")
    assert found is type(users_model)
    everything = registry.REGISTRY.get_all(registry.RegistryType.MODEL)
    assert everything["my_custom_model"] is found
