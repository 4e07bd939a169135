"""Saved models that are not loaded: damaged, of another class, or of another shape."""

import pytest
import tiny_models as tiny
from error_lines import one_line

from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import SavedModelError


def test_names_that_do_not_match_are_refused_unless_not_strict(tmp_path):
    tiny.Tiny(4, bias=False).save_pretrained(tmp_path)
    with pytest.raises(
        SavedModelError, match=r"does not fit Tiny.*layer\.bias"
    ) as error:
        tiny.Tiny.from_pretrained(tmp_path, override_kwargs={"bias": True})
    one_line(error)
    loaded = tiny.Tiny.from_pretrained(
        tmp_path, strict=False, override_kwargs={"bias": True}
    )
    assert loaded.layer.bias is not None


def test_another_shape_is_refused_in_one_line(tmp_path):
    tiny.Tiny(4).save_pretrained(tmp_path)
    with pytest.raises(SavedModelError, match=r"layer\.weight.*\[2, 4\]") as error:
        tiny.Tiny.from_pretrained(tmp_path, override_kwargs={"width": 3})
    one_line(error)


def test_a_missing_argument_is_named(tmp_path):
    tiny.Passing(4).save_pretrained(tmp_path, save_config=False)
    with pytest.raises(SavedModelError, match=r"'width'; set .* override_kwargs"):
        tiny.Passing.from_pretrained(tmp_path)


def test_another_models_folder_is_refused(tmp_path):
    tiny.Tied().save_pretrained(tmp_path)
    with pytest.raises(SavedModelError, match="holds a Tied, not a Tiny"):
        tiny.Tiny.from_pretrained(tmp_path)


def test_an_unregistered_class_is_named_and_where_to_list_it(tmp_path):
    tiny.Tiny().save_pretrained(tmp_path)
    with pytest.raises(SavedModelError, match=r"holds a Tiny,.*oumi_requirements\.txt"):
        BaseModel.from_pretrained(tmp_path)


def test_something_else_registered_under_the_name_is_refused(tmp_path):
    tiny.Tiny().save_pretrained(tmp_path)
    REGISTRY.register("Tiny", RegistryType.MODEL, lambda **kwargs: None)
    with pytest.raises(SavedModelError, match="not a BaseModel"):
        BaseModel.from_pretrained(tmp_path)


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_folder_without_weights_is_a_missing_file(tmp_path, folder):
    with pytest.raises(FileNotFoundError, match=r"has no model\.safetensors") as error:
        tiny.Tiny.from_pretrained(tmp_path / folder)
    assert isinstance(error.value, SavedModelError)


@pytest.mark.parametrize("keep", [0, 5, 60, -1])
def test_truncated_weights_are_refused(tmp_path, keep):
    tiny.Tiny().save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(
        SavedModelError, match=r"model\.safetensors is (no|damaged)"
    ) as error:
        tiny.Tiny.from_pretrained(tmp_path)
    one_line(error)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("\xff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds no JSON object"),
        ('{"init_kwargs": [1]}', "init_kwargs is not a dict"),
        ('{"model_type": 3}', "model_type is not a str"),
    ],
)
def test_a_damaged_config_is_refused(tmp_path, text, sentence):
    tiny.Tiny().save_pretrained(tmp_path)
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SavedModelError, match=sentence) as error:
        tiny.Tiny.from_pretrained(tmp_path)
    one_line(error)
