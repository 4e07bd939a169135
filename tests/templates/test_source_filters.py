"""The filters by which a module that exists enters generated code."""

import pytest

from oumi_templates.catalog import TASKS, template_dir
from oumi_templates.python_filters import FilterError
from oumi_templates.source_filters import (
    accessor,
    annotation,
    config_arguments,
    construction,
    converted,
    dotted,
    evaluated,
    imports,
    mask_argument,
    mask_value,
)

CODE = "x; import os"


@pytest.mark.parametrize(
    "text",
    [
        "int",
        "float | None",
        "Sequence[str]",
        'Literal["a", "it\'s"]',
        "Literal[1, 2] | None",
    ],
)
def test_a_type_is_written_as_it_was(text: str):
    assert annotation(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE,
        "object",
        "exec('x')",
        "list[int]",
        "int | str",
        "Literal[exit()]",
        None,
    ],
)
def test_what_is_no_such_type_is_refused(text: object):
    with pytest.raises(FilterError):
        annotation(text)


def test_only_names_and_dots_are_the_path_of_a_module():
    assert dotted("a.b_c.D1") == "a.b_c.D1"
    for text in ("", "a.", ".a", "a b", CODE, "a.import", "a-b", 3):
        with pytest.raises(FilterError):
            dotted(text)


def test_only_literals_are_evaluated():
    assert evaluated("(1, 'a', None, 0.5)") == (1, "a", None, 0.5)
    for text in ("", CODE, "exit()", "[x for x in ()]", 5, "(" * 300):
        with pytest.raises(FilterError):
            evaluated(text)


def test_the_logits_are_reached_by_a_key_an_index_or_an_attribute():
    assert accessor([]) == ""
    assert accessor(["key", 'a"b']) == "['a\"b']"
    assert accessor(["index", "2"]) == "[2]"
    assert accessor(["attribute", "logits"]) == ".logits"
    for words in (["index", "x"], ["attribute", CODE], ["call", "x"], ["key"], "key"):
        with pytest.raises(FilterError):
            accessor(words)


def test_an_argument_is_passed_as_the_module_takes_it():
    assert converted("a", "") == "a"
    assert converted("a", "tuple") == "tuple(a)"
    for name, conversion in (("a", "eval"), (CODE, "list"), ("a", ["list"])):
        with pytest.raises(FilterError):
            converted(name, conversion)


WRAP = {
    "module": "nets.core",
    "imported": "net",
    "alias": "net",
    "names": ["a", "b"],
    "conversions": ["", "list"],
    "fixed": [],
    "fixed_values": [],
    "call": ["a", "b"],
    "passings": ["name", "config"],
    "config": "NetConfig",
    "config_module": "nets.core",
    "config_parameter": "cfg",
    "is_config_first": False,
}


def test_a_config_object_is_made_first():
    assert construction(WRAP) == "a=a, cfg=config"
    assert construction(WRAP | {"is_config_first": True}) == "config, a=a"
    assert config_arguments(WRAP) == "b=list(b)"
    with pytest.raises(FilterError):
        construction(WRAP | {"config_parameter": CODE})


def test_imports_are_in_the_order_of_ruff():
    assert imports(WRAP) == "from nets.core import NetConfig, net"
    others = WRAP | {"config_module": "nets.a", "alias": "other"}
    assert imports(others) == (
        "from nets.a import NetConfig\nfrom nets.core import net as other"
    )
    assert imports(WRAP | {"config": ""}) == "from nets.core import net"
    for name in ("config", "imported", "alias", "module", "config_module"):
        with pytest.raises(FilterError):
            imports(WRAP | {name: CODE})


NO_MASKS = {
    "mask": "m",
    "mask_kind": "ones",
    "is_mask_positional": False,
    "more_masks": [],
    "target_mask": "",
    "target_mask_kind": "",
    "unset": [],
}


def test_a_mask_is_passed_by_its_name_only_if_it_is_of_a_known_kind():
    kinds = {"ones": "attention_mask", "padding": "attention_mask == 0"}
    for kind, text in kinds.items():
        assert mask_argument(NO_MASKS | {"mask_kind": kind}) == f", m={text}"
    assert mask_argument(NO_MASKS | {"mask_kind": CODE}) == ""
    assert mask_argument(NO_MASKS | {"mask": "", "mask_kind": "ids"}) == ""
    for name in ("mask", "target_mask"):
        with pytest.raises(FilterError):
            mask_argument(NO_MASKS | {name: CODE, "target_mask_kind": "hidden"})
    for name in ("more_masks", "unset"):
        with pytest.raises(FilterError):
            mask_argument(NO_MASKS | {name: [CODE]})


def test_masks_are_passed_by_position_to_several_and_to_decoders():
    assert mask_argument(NO_MASKS | {"is_mask_positional": True}) == ", attention_mask"
    masks = {"more_masks": ["n"], "target_mask": "t", "target_mask_kind": "visible"}
    assert (
        mask_argument({**NO_MASKS, **masks, "unset": ["u"]})
        == ", m=mask, n=mask, t=~later, u=None"
    )
    assert mask_value(NO_MASKS | {"mask_kind": "padding"}) == "attention_mask == 0"


def test_a_module_is_made_with_its_arguments_in_order():
    wrap = {
        "names": ["a", "items", "b"],
        "conversions": ["tuple", "", ""],
        "fixed": ["c"],
        "fixed_values": ["1"],
        "call": ["a", "items", "c", "b"],
        "passings": ["position", "items", "name", "name"],
        "config": "",
    }
    assert construction(wrap) == "tuple(a), *items, c=1, b=b"
    for name in ("names", "call"):
        with pytest.raises((FilterError, KeyError)):
            construction(wrap | {name: ["a", "items", CODE, "b"][-len(wrap[name]) :]})


def test_the_templates_share_the_text_about_the_module():
    folders = [template_dir(task) / "templates" for task in TASKS]
    for part in ("wrap_init.py", "wrap_net.py", "wrap_import.py", "wrap_kwargs.yaml"):
        texts = [(f / part).read_text() for f in folders if (f / part).exists()]
        assert len(texts) == 8
        assert len(set(texts)) == 1
