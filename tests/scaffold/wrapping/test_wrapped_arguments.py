"""The arguments that a model takes over from the module that it wraps."""

import pytest

from oumi_scaffold.exceptions import InvalidValueError, UnknownChoiceError, WrapError
from oumi_scaffold.wrapping.arguments import Argument, arguments_of
from oumi_scaffold.wrapping.parameters import Parameter
from oumi_scaffold.wrapping.sizes import TASKS, size_of, sizes_of
from oumi_scaffold.wrapping.target import Target
from oumi_scaffold.wrapping.wrapped import default_name

IMAGES = "image-classification"
SIZES = {"num_classes": 10, "in_channels": 1, "image_size": 8}


def chosen(*parameters: Parameter, others: str = "", **settings: str):
    return arguments_of(parameters, settings, SIZES, IMAGES, "nets:Net", others=others)


def with_default(name: str, default: object, hint: str = "") -> Parameter:
    return Parameter(name, False, default, True, hint)


def test_the_data_decides_about_sizes_with_a_default_too():
    (argument,) = chosen(with_default("num_classes", 1000))
    assert argument == Argument("num_classes", "int", 10, "num_classes")


def test_a_vague_name_is_a_size_only_without_a_default():
    assert chosen(Parameter("channels", True))[0].value == 1
    assert chosen(with_default("channels", 64))[0].value == 64


def test_what_is_no_literal_is_left_to_its_own_default():
    assert chosen(Parameter("act", False, object())) == []
    assert chosen(with_default("act", None)) == []
    assert chosen(with_default("mixed", (1, "a"))) == []
    assert chosen(with_default("empty", ())) == []


def test_what_is_about_downloads_and_messages_is_taken_over_only_if_it_is_set():
    assert chosen(with_default("progress", True), with_default("verbose", 0)) == []
    (argument,) = chosen(with_default("progress", True), progress="false")
    assert argument.value is False


def test_arguments_without_default_are_listed():
    with pytest.raises(WrapError, match="--set depth=VALUE --set width=VALUE"):
        chosen(Parameter("depth", True), Parameter("width", True))


@pytest.mark.parametrize(
    ("default", "hint", "text", "value"),
    [
        (1, "", "5", 5),
        (1, "", "-5", -5),
        (1.0, "", "5", 5.0),
        (True, "", "false", False),
        ("a", "", "5", "5"),
        (None, "int | None", "5", 5),
        (3, "int | None", "none", None),
        ((1,), "", "2,3", (2, 3)),
        ("a", "Literal['a', 'b']", "b", "b"),
    ],
)
def test_a_setting_has_the_type_of_its_argument(
    default: object, hint: str, text: str, value: object
):
    (argument,) = chosen(with_default("x", default, hint), x=text)
    assert argument.value == value
    assert type(argument.value) is type(value)


@pytest.mark.parametrize(
    ("default", "hint", "text"),
    [
        (1, "", "1.5"),
        (1, "", "true"),
        (True, "", "1"),
        (0.5, "", "fast"),
        (None, "int | None", "x"),
        ("a", "Literal['a', 'b']", "c"),
    ],
)
def test_a_setting_of_another_type_is_refused(default: object, hint: str, text: str):
    with pytest.raises(InvalidValueError):
        chosen(with_default("x", default, hint), x=text)


def test_a_list_is_given_as_a_list():
    (argument,) = chosen(with_default("x", [1, 2]))
    assert argument == Argument("x", "Sequence[int]", (1, 2), conversion="list")
    assert argument.given == [1, 2]


def test_further_arguments_are_taken_by_who_takes_any():
    (argument,) = chosen(others="name", num_classes="10")
    assert argument == Argument("num_classes", "int", 10, "num_classes")
    with pytest.raises(UnknownChoiceError, match="did you mean 'depth'"):
        chosen(with_default("depth", 1), deepth="2")


def test_a_size_of_the_data_may_be_set_though_it_is_no_argument():
    assert chosen(with_default("depth", 1), image_size="32")[0].name == "depth"


def test_every_task_knows_its_sizes():
    for task in TASKS:
        sizes = sizes_of(task, {"num_classes": 4, "vocab_size": 9})
        words = ("num_labels", "vocab_size", "n_features", "in_chans")
        found = {size_of(task, word, is_required=False) for word in words} - {None}
        assert found
        assert all(size not in sizes or sizes[size] > 0 for size in found)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("TinyResNet", "TinyResNetModel"),
        ("GPTModel", "WrappedGPTModel"),
        ("resnet18", "Resnet18Model"),
        ("small_cnn", "SmallCnnModel"),
        ("Base", "WrappedBase"),
    ],
)
def test_a_model_is_called_after_its_module(name: str, model: str):
    assert default_name(Target("nets", name, True)) == model
