import dataclasses
import json
import re
from pathlib import Path

import pytest
from oumi_surface import surface

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.json_schema import descriptions, json_schema
from oumi_runtime.core.configs.yaml_source import read_yaml

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture(scope="module")
def schema():
    return json_schema(TrainingConfig)


def accepts(schema, root, value):
    """Says whether a value fits a schema, by the keywords that ours uses."""
    known = {"$schema", "$defs", "title", "description", "default"}
    for word, rule in schema.items():
        if word == "$ref":
            fits = accepts(root["$defs"][rule.rpartition("/")[2]], root, value)
        elif word == "anyOf":
            fits = any(accepts(inner, root, value) for inner in rule)
        elif word == "enum":
            fits = value in rule
        elif word == "const":
            fits = value == rule
        elif word == "type":
            fits = any(map(TYPES[value.__class__].__contains__, listed(rule)))
        elif word == "pattern":
            fits = not isinstance(value, str) or bool(re.search(rule, value))
        elif word in LIMITS:
            fits = not isinstance(value, int | float) or LIMITS[word](value, rule)
        elif word == "properties":
            fits = not isinstance(value, dict) or all(
                accepts(rule[name], root, inner)
                for name, inner in value.items()
                if name in rule
            )
        elif word == "additionalProperties":
            fits = rule is True or set(value or ()) <= set(schema["properties"])
        elif word == "required":
            fits = not isinstance(value, dict) or set(rule) <= set(value)
        elif word == "items":
            fits = not isinstance(value, list) or all(
                accepts(rule, root, inner) for inner in value
            )
        else:
            assert word in known, word
            fits = True
        if not fits:
            return False
    return True


def listed(rule):
    return rule if isinstance(rule, list) else [rule]


TYPES = {
    str: {"string"},
    int: {"integer", "number"},
    float: {"number"},
    bool: {"boolean"},
    type(None): {"null"},
    dict: {"object"},
    list: {"array"},
}
LIMITS = {
    "minimum": lambda value, limit: value >= limit,
    "maximum": lambda value, limit: value <= limit,
    "exclusiveMinimum": lambda value, limit: value > limit,
    "exclusiveMaximum": lambda value, limit: value < limit,
}


def test_it_names_the_draft_and_is_json(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("section", list(surface()))
def test_every_section_is_closed_and_every_field_described(schema, section):
    part = schema if section == "TrainingConfig" else schema["$defs"][section]
    fields = [f.name for f in dataclasses.fields(getattr(configs, section))]

    assert part["additionalProperties"] is False
    assert list(part["properties"]) == fields
    assert [n for n, p in part["properties"].items() if not p["description"]] == []
    assert list(descriptions(getattr(configs, section))) == fields


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*/configs/*.yaml")), ids=lambda path: path.stem
)
def test_generated_configs_are_valid(schema, path):
    tree, _ = read_yaml(path.read_text(encoding="utf-8"), str(path))

    assert accepts(schema, schema, tree)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("model: {model_name: x}", True),
        ("model:", True),
        ("model: {model_name: x, model_kwargs: }", True),
        ("model: {}", False),
        ("model: {model_name: 3}", False),
        ("modl: {model_name: x}", False),
        ("training: {trainer_type: OUMI}", True),
        ("training: {trainer_type: oumi}", True),
        ("training: {trainer_type: Hf}", True),
        ("training: {trainer_type: trl_sft}", False),
        ("training: {optimizer: MyOwn}", True),
        ("training: {learning_rate: 1e-4}", True),
        ("training: {learning_rate: -1}", False),
        ("training: {learning_rate: fast}", False),
        ("training: {dataloader_num_workers: auto}", True),
        ("training: {dataloader_num_workers: many}", False),
        ("training: {adam_beta1: 1}", False),
        ("training: {max_grad_norm: }", True),
        ("training: {save_epoch: yes}", False),
        ("training: {profiler: {schedule: {wait: -1}}}", False),
        ("fsdp: {sharding_strategy: hybrid_shard}", False),
        ("fsdp: {sharding_strategy: SHARD_GRAD_OP}", True),
        ("data: {train: {datasets: [{dataset_name: x}, {split: y}]}}", False),
        (
            "data: {train: {datasets: [{dataset_name: x, dataset_kwargs: {a: b}}]}}",
            True,
        ),
    ],
)
def test_it_tells_right_from_wrong(schema, text, valid):
    tree, _ = read_yaml(text, "")

    assert accepts(schema, schema, tree) is valid


def test_its_defaults_are_those_of_the_fields(schema):
    for section in surface():
        if section == "TrainingConfig":
            continue
        made = getattr(configs, section)()
        for name, part in schema["$defs"][section]["properties"].items():
            if "default" in part:
                assert part["default"] == getattr(made, name)
