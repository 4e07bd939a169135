"""Every field of the config changes behaviour in a test, or is refused."""

import ast
import dataclasses
from pathlib import Path

import pytest
from field_effects import EFFECTS, Effect
from field_tests import ALIKE, ELSEWHERE, ONE_VALUE

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.error_messages import fields_of, plain
from oumi_runtime.exceptions import ConfigError

ROOT = Path(__file__).parents[2]


def fields_in(section):
    """Yields `Section.field` of every field that is not a section itself."""
    for name, hint in fields_of(section).items():
        inner = plain(hint)
        inner = next(iter(getattr(inner, "__args__", ())), inner)
        if fields_of(inner):
            yield from fields_in(inner)
        if not fields_of(plain(hint)):
            yield f"{section.__name__}.{name}"


def test_no_field_is_without_a_test_that_shows_its_effect():
    fields = set(fields_in(TrainingConfig))
    shown = {*EFFECTS, *ELSEWHERE, *ONE_VALUE, *ALIKE}

    assert fields - shown == {"DatasetSplitParams.datasets"}


@pytest.mark.parametrize("name", EFFECTS)
def test_a_value_changes_what_is_built(name: str):
    effect: Effect = EFFECTS[name]
    field = name.partition(".")[2]

    before = effect.part(effect.observe(dict(effect.beside)))
    after = effect.part(effect.observe(effect.beside | {field: effect.value}))

    assert after == effect.expected
    assert before != after


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_test_elsewhere_uses_the_field(name: str):
    path, _, test = ELSEWHERE[name].partition("::")
    field = name.partition(".")[2]
    source = (ROOT / path).read_text()
    (found,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == test
    ]
    first = min(n.lineno for n in (found, *found.decorator_list))
    lines = source.splitlines()[first - 1 : found.end_lineno]

    assert any(field in line for line in lines if "def test_" not in line)


@pytest.mark.parametrize("name", ONE_VALUE)
def test_a_field_with_one_meaning_refuses_others(name: str):
    section, _, field = name.partition(".")

    with pytest.raises(ConfigError, match=r"is not (supported|possible)"):
        getattr(configs, section)(**{field: ONE_VALUE[name]})


def test_every_field_that_is_named_here_is_one():
    for name in (*EFFECTS, *ELSEWHERE, *ONE_VALUE, *ALIKE):
        section, _, field = name.partition(".")
        assert field in {f.name for f in dataclasses.fields(getattr(configs, section))}
