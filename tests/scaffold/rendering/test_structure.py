"""What was rendered is what was asked for, or nothing is written."""

import pytest

from oumi_scaffold.exceptions import TemplateError, UnknownChoiceError
from oumi_scaffold.rendering import structure_checks
from oumi_scaffold.rendering.render import RenderedFile
from oumi_scaffold.rendering.structure import check_structure
from oumi_scaffold.rendering.structure_checks import StructureChecks
from oumi_scaffold.request.values import Value

MODEL = """\
@registry.register("MyNet", registry.RegistryType.MODEL)
class MyNet(BaseModel):
    def __init__(self, size, width: int = 8, *, rate: float = 0.5, act=nn.ReLU):
        pass
"""
CONFIG = "model:\n  model_name: MyNet\n  model_kwargs:\n    width: 8\n"


def check(model: str = MODEL, config: str = CONFIG, **arguments: Value) -> None:
    files = [RenderedFile("models/a.py", model), RenderedFile("a.yaml", config)]
    check_structure(files, "a-template", "MyNet", arguments)


def test_a_class_of_the_name_that_is_registered_under_it_is_what_is_wanted():
    check()
    check(width=8, rate=0.5)
    check(config="- anything\n")
    check(MODEL.replace("registry.register", "register"))


@pytest.mark.parametrize(
    "model",
    [
        MODEL.replace('"MyNet"', '"Other"'),
        MODEL.replace("class MyNet", "class Other"),
        MODEL.replace("register(", "forget("),
        MODEL.replace('"MyNet"', "NAME"),
        MODEL * 2,
        "if True:\n    pass\n",
        f'"""{MODEL.replace(chr(34), chr(39))}"""\n',
    ],
)
def test_a_model_of_another_name_or_number_is_refused(model: str):
    with pytest.raises(TemplateError, match="classes registered as MyNet, not one"):
        check(model)


@pytest.mark.parametrize(
    ("model", "config", "reason"),
    [
        ("def", CONFIG, r"models/a\.py:1"),
        ("a = '\0'", CONFIG, r"models/a\.py"),
        ("(" * 10_000, CONFIG, r"models/a\.py"),
        (MODEL, "a: [", r"a\.yaml"),
        (MODEL, "[" * 10_000, r"a\.yaml"),
        (MODEL, "a: !!python/object:os.system {}", r"a\.yaml"),
        (MODEL, CONFIG.replace("MyNet", "Other"), "for the model 'Other'"),
        (MODEL, CONFIG.replace("8", "9"), "with width: 9, not 8"),
        (MODEL, CONFIG.replace("8", "true"), "with width: True, not 8"),
        (MODEL.replace("8", "9"), CONFIG, "width = 9, not 8"),
        (MODEL.replace("8", "8.0"), CONFIG, r"width = 8\.0, not 8"),
    ],
)
def test_a_rendering_that_is_something_else_is_refused(
    model: str, config: str, reason: str
):
    with pytest.raises(TemplateError, match=reason) as caught:
        check(model, config, width=8)
    assert "\n" not in str(caught.value)


def test_an_argument_that_the_constructor_has_not_names_those_it_has():
    with pytest.raises(UnknownChoiceError, match=r"use one of width, rate, act"):
        check(depth=3)


def test_an_argument_whose_default_is_no_constant_is_not_what_was_asked_for():
    with pytest.raises(TemplateError, match="rendered act"):
        check(act="relu")


def files_of(name: str, module: str, model: str = MODEL) -> tuple[RenderedFile, ...]:
    own = model.replace("MyNet", name)
    config = CONFIG.replace("MyNet", name)
    return (
        RenderedFile(f"models/{module}.py", own),
        RenderedFile(f"configs/{module}.yaml", config),
    )


def test_files_that_differ_in_their_names_only_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
):
    checks = StructureChecks("a-template")
    checks.check(files_of("NetOne", "net_one"), "NetOne", "net_one", {})
    monkeypatch.setattr(
        structure_checks, "check_structure", lambda *args: pytest.fail("read")
    )
    found = checks.check(files_of("NetTwo", "net_two"), "NetTwo", "net_two", {})
    assert found == ("models/net_two.py", "configs/net_two.yaml")


@pytest.mark.parametrize(
    "spoil",
    [("NetTwo(", "NetTwi("), ("pass", "import os"), ("register(", "forget(")],
)
def test_files_that_differ_in_more_are_read(spoil: tuple[str, str]):
    checks = StructureChecks("a-template")
    checks.check(files_of("NetOne", "net_one"), "NetOne", "net_one", {})
    model = MODEL.replace("MyNet", "NetTwo").replace(*spoil)
    files = files_of("NetTwo", "net_two", model)
    if spoil[0] == "pass":
        checks.check(files, "NetTwo", "net_two", {})
        return
    with pytest.raises(TemplateError, match="registered as NetTwo"):
        checks.check(files, "NetTwo", "net_two", {})


def test_a_name_that_stands_elsewhere_too_is_no_matter():
    checks = StructureChecks("a-template")
    checks.check(files_of("A", "a"), "A", "a", {})
    found = checks.check(files_of("B", "b"), "B", "b", {})
    assert found == ("models/b.py", "configs/b.yaml")
