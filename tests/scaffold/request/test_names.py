"""The names that a model can have, and the modules made from them."""

import pytest

from oumi_scaffold.exceptions import InvalidNameError, NameTakenError
from oumi_scaffold.request.names import (
    TakenName,
    check_available,
    check_name,
    module_name,
)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("MyNet", "my_net"),
        ("HTTPNet", "http_net"),
        ("MLPEncoder", "mlp_encoder"),
        ("ResNet50", "res_net50"),
        ("Net2D", "net2_d"),
        ("My_Net", "my_net"),
        ("X", "x"),
        ("XYZ", "xyz"),
    ],
)
def test_a_module_is_named_after_its_class_in_snake_case(name: str, module: str):
    check_name(name)
    assert module_name(name) == module


@pytest.mark.parametrize("name", ["A", "MyNet", "Net_2", "N" * 64, "Oumi2", "Classes"])
def test_a_plain_class_name_is_accepted(name: str):
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "myNet",
        "my_net",
        "_Net",
        "9Net",
        "My Net",
        "MyNet ",
        "MyNet\n",
        "My-Net",
        "My.Net",
        "../../x",
        "/etc/passwd",
        "a\\b",
        "--help",
        "Net;rm",
        "Net\0",
        "\x1b[31mNet",
        "{{ 7 * 7 }}",
        "Net{%",
        "Nét",
        "\u041cyNet",  # a Cyrillic letter
        "\uff2dyNet",  # NFKC would make it MyNet
        "Net\u202e",
        "\ud800",
        "N" * 65,
        "N" * 10_000,
    ],
)
def test_a_name_outside_of_the_allow_list_is_refused_in_one_printable_line(name: str):
    with pytest.raises(InvalidNameError) as caught:
        check_name(name)
    sentence = str(caught.value)
    assert caught.value.exit_code == 2
    assert sentence.isascii()
    assert sentence.isprintable()
    assert len(sentence) < 300


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Class", "keyword"),
        ("True", "keyword"),
        ("Async", "keyword"),
        ("Match", "keyword"),
        ("List", "builtin"),
        ("PRINT", "builtin"),
        ("ValueError", "builtin"),
        ("Json", "standard library"),
        ("OS", "standard library"),
        ("Torch", "generated files use it"),
        ("BaseModel", "generated files use it"),
        ("Conftest", "generated files use it"),
        ("VOCAB_SIZE", "generated files use it"),
        ("NumClasses", "generated files use it"),
        ("CON", "generated files use it"),
        ("TestNet", "pytest"),
        ("Testimony", "pytest"),
        ("NetTest", "pytest"),
    ],
)
def test_a_name_that_would_break_generated_files_is_refused(name: str, reason: str):
    with pytest.raises(InvalidNameError, match=reason):
        check_name(name)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("my-net", "MyNet"),
        ("My Net", "MyNet"),
        ("my_net", "MyNet"),
        ("myNet", "MyNet"),
        ("../../x", "X"),
        ("class", "ClassModel"),
        ("2d-net", "My2dNet"),
        ("MyN\u00e9t", "MyNet"),
        ("BaseModel", "MyBaseModel"),
        ("\uff2dyNet", "MyNet"),
        ("TestNet", "MyTestNet"),
        ("N" * 65, "N" * 64),
    ],
)
def test_the_nearest_name_that_is_accepted_is_suggested(name: str, suggestion: str):
    check_name(suggestion)
    with pytest.raises(InvalidNameError, match=f"did you mean '{suggestion}'"):
        check_name(name)


def test_nothing_is_suggested_where_nothing_is_left_of_the_name():
    with pytest.raises(InvalidNameError) as caught:
        check_name("???")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", ["MyNet", "mynet", "MYNET"])
def test_a_registered_name_is_taken_whatever_the_case(name: str):
    with pytest.raises(NameTakenError, match=r"models/other\.py:3") as caught:
        check_available(name, [TakenName("MyNet", "models/other.py:3")])
    assert caught.value.exit_code == 3


def test_a_name_that_nobody_has_is_free():
    check_available("MyNet", [TakenName("MyNets", "models/other.py:3")])


def test_every_layer_of_torch_is_known_by_name():
    import inspect

    from torch import nn

    from oumi_scaffold.request.torch_names import TORCH_NAMES

    classes = [name for name in dir(nn) if inspect.isclass(getattr(nn, name))]
    assert {name.lower() for name in classes} <= TORCH_NAMES
