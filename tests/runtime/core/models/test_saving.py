"""save_pretrained and from_pretrained give the same model."""

import json
from pathlib import Path

import pytest
import tiny_models as tiny
import torch
from error_lines import one_line
from safetensors.torch import load_file, save_file

from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import DeviceError, SavedModelError

X = torch.arange(12.0).reshape(3, 4)


def same_logits(one: BaseModel, other: BaseModel, inputs: torch.Tensor = X) -> bool:
    return one(inputs)["logits"].equal(other(inputs)["logits"])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_loaded_model_computes_the_same(tmp_path):
    model = tiny.Tiny(4, bias=False)
    model.save_pretrained(tmp_path / "new" / "folder")
    loaded = tiny.Tiny.from_pretrained(tmp_path / "new" / "folder")
    assert same_logits(model, loaded)
    assert loaded.init_kwargs == {"width": 4, "bias": False}
    assert sorted(snapshot(tmp_path / "new" / "folder")) == [
        "config.json",
        "model.safetensors",
    ]


def test_base_model_finds_the_class_by_its_registered_name(tmp_path):
    REGISTRY.register("another-name", RegistryType.MODEL, tiny.Tiny)
    tiny.Tiny(3).save_pretrained(tmp_path)
    assert type(BaseModel.from_pretrained(tmp_path)) is tiny.Tiny


def test_base_model_finds_the_class_in_the_users_files(tmp_path, monkeypatch):
    (tmp_path / "oumi_requirements.txt").write_text("net.py\n", encoding="utf-8")
    (tmp_path / "net.py").write_text(
        "from torch import nn\n"
        "from oumi_runtime.core import registry\n"
        "from oumi_runtime.core.models import BaseModel\n\n"
        "@registry.register('some_net', registry.RegistryType.MODEL)\n"
        "class SomeNet(BaseModel):\n"
        "    def __init__(self, width=2):\n"
        "        super().__init__()\n"
        "        self.layer = nn.Linear(width, 2)\n"
        "    def forward(self, x):\n"
        "        return {'logits': self.layer(x)}\n"
        "    @property\n"
        "    def criterion(self):\n"
        "        return nn.functional.cross_entropy\n",
        encoding="utf-8",
    )
    saved = tmp_path / "saved"
    saved.mkdir()
    config = {"model_type": "SomeNet", "init_kwargs": {"width": 3}}
    (saved / "config.json").write_text(json.dumps(config), encoding="utf-8")
    weights = {"layer.weight": torch.ones(2, 3), "layer.bias": torch.ones(2)}
    save_file(weights, saved / "model.safetensors")
    monkeypatch.chdir(tmp_path)
    loaded = BaseModel.from_pretrained(saved)
    assert type(loaded).__name__ == "SomeNet"
    assert loaded(torch.ones(1, 3))["logits"].tolist() == [[4.0, 4.0]]


def test_a_folder_that_oumi_saved_is_loaded(tmp_path):
    REGISTRY.register("tiny-net", RegistryType.MODEL, tiny.Tiny)
    model = tiny.Tiny(4, bias=False)
    config = {
        "model_type": "Tiny",
        "init_kwargs": {"width": 4, "bias": False},
        "oumi_version": "0.9",
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    assert same_logits(model, tiny.Tiny.from_pretrained(tmp_path))
    assert same_logits(model, BaseModel.from_pretrained(tmp_path))


def test_the_config_says_what_oumi_reads(tmp_path):
    tiny.Passing(4).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "Passing"
    assert config["init_kwargs"] == {"width": 4, "scale": 2.0}


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path):
    model = tiny.Tied()
    model.offset.fill_(3.0)
    model.save_pretrained(tmp_path)
    assert len(load_file(tmp_path / "model.safetensors")) == 2
    loaded = tiny.Tied.from_pretrained(tmp_path)
    assert loaded.head.weight is loaded.embedding.weight
    assert same_logits(model, loaded, torch.arange(11))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_model_comes_back_in_its_dtype(tmp_path, dtype):
    model = tiny.Tied().to(dtype)
    model.save_pretrained(tmp_path)
    loaded = tiny.Tied.from_pretrained(tmp_path)
    # The scale is in no file.
    assert {t.dtype for t in [*loaded.parameters(), *loaded.buffers()]} == {dtype}
    assert same_logits(model, loaded, torch.arange(11))


def test_every_tensor_of_a_model_of_two_dtypes_keeps_its_own(tmp_path):
    model = tiny.Tied()
    model.embedding.bfloat16()
    model.save_pretrained(tmp_path)
    loaded = tiny.Tied.from_pretrained(tmp_path)
    assert loaded.embedding.weight.dtype == torch.bfloat16
    assert loaded.head.weight is loaded.embedding.weight
    assert loaded.offset.dtype == torch.float32


@pytest.mark.parametrize("location", [None, "cpu", torch.device("cpu")])
def test_map_location_takes_a_device_or_its_name(tmp_path, location):
    tiny.Tiny().save_pretrained(tmp_path)
    loaded = tiny.Tiny.from_pretrained(tmp_path, map_location=location)
    assert loaded.layer.weight.device.type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_refused_in_one_line(tmp_path):
    tiny.Tiny().save_pretrained(tmp_path)
    with pytest.raises(
        DeviceError, match=r"map_location is 'cuda'.*use 'cpu'"
    ) as error:
        tiny.Tiny.from_pretrained(tmp_path, map_location="cuda")
    one_line(error)


def test_weights_alone_ask_for_the_arguments_that_they_were_made_with(tmp_path):
    tiny.Tiny(4, bias=False).save_pretrained(tmp_path, save_config=False)
    with pytest.raises(
        SavedModelError, match=r"there is no config\.json, so give .* override_kwargs"
    ):
        tiny.Tiny.from_pretrained(tmp_path, override_kwargs={"width": 3})
    assert tiny.Tiny.from_pretrained(
        tmp_path, override_kwargs={"width": 4, "bias": False}
    ).init_kwargs == {"width": 4, "bias": False}


def test_override_kwargs_replace_the_saved_arguments(tmp_path):
    tiny.Passing(4).save_pretrained(tmp_path)
    loaded = tiny.Passing.from_pretrained(tmp_path, override_kwargs={"scale": 5.0})
    assert loaded.init_kwargs == {"width": 4, "scale": 5.0}


def test_other_file_names_can_be_given(tmp_path):
    names = {"weights_filename": "w.safetensors", "config_filename": "c.json"}
    model = tiny.Tiny(4)
    model.save_pretrained(tmp_path, **names)
    assert sorted(snapshot(tmp_path)) == ["c.json", "w.safetensors"]
    assert same_logits(model, tiny.Tiny.from_pretrained(tmp_path, **names))


def test_weights_without_a_config_load_into_the_class_that_is_called(tmp_path):
    model = tiny.Tiny(4)
    model.save_pretrained(tmp_path, save_config=False)
    assert sorted(snapshot(tmp_path)) == ["model.safetensors"]
    assert same_logits(model, tiny.Tiny.from_pretrained(tmp_path))
    with pytest.raises(SavedModelError, match="model of unknown class"):
        BaseModel.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "value", [torch.nn.ReLU(), {1, 2}, b"x", {1: 2}, [3, [{"a": object()}]], Path("x")]
)
def test_an_argument_that_json_cannot_hold_is_refused_before_anything_is_written(
    tmp_path, value
):
    tiny.Holding().save_pretrained(tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(
        SavedModelError, match=r"argument 'value' is or holds a"
    ) as error:
        tiny.Holding(value).save_pretrained(tmp_path)
    one_line(error)
    assert snapshot(tmp_path) == before
    with pytest.raises(SavedModelError):
        tiny.Holding(value).save_pretrained(tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("value", [None, 1.5, "ü", [1, (2, 3)], {"a": {"b": [None]}}])
def test_an_argument_that_json_can_hold_comes_back(tmp_path, value):
    tiny.Holding(value).save_pretrained(tmp_path)
    loaded = tiny.Holding.from_pretrained(tmp_path)
    assert json.dumps(loaded.init_kwargs["value"]) == json.dumps(value)


@pytest.mark.parametrize(
    "model", [lambda: tiny.Sizes(1, 3), lambda: tiny.PositionOnly(4)]
)
def test_arguments_that_cannot_be_given_by_name_are_refused(tmp_path, model):
    with pytest.raises(SavedModelError, match="cannot be called with"):
        model().save_pretrained(tmp_path)
    assert not snapshot(tmp_path)


def test_weights_alone_are_saved_whatever_the_arguments(tmp_path):
    tiny.Holding(object()).save_pretrained(tmp_path, save_config=False)
    assert sorted(snapshot(tmp_path)) == ["model.safetensors"]


def test_a_save_that_fails_half_way_leaves_the_old_files(tmp_path, monkeypatch):
    tiny.Tiny().save_pretrained(tmp_path)
    before = snapshot(tmp_path)

    def full_disk(path: Path, *args: object, **kwargs: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        tiny.Tiny().save_pretrained(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_saved_model_can_be_made_again_with_fresh_weights(tmp_path):
    REGISTRY.register("Passing", RegistryType.MODEL, tiny.Passing)
    model = tiny.Passing(4)
    model.save_pretrained(tmp_path)
    fresh = BaseModel.from_config(tmp_path, override_kwargs={"scale": 5.0})
    assert fresh.init_kwargs == {"width": 4, "scale": 5.0}
    assert not same_logits(model, fresh)
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        tiny.Passing.from_config(tmp_path / "nowhere")
