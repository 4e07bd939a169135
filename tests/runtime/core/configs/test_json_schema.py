"""The JSON Schema of the config accepts what the config accepts."""

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest
from oumi_surface import surface
from whole_yaml import read_yaml

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.json_schema import descriptions, json_schema

EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture(scope="module")
def schema():
    return json_schema(TrainingConfig)


@pytest.fixture(scope="module")
def accepts(schema):
    """Says whether a value fits the schema."""
    return jsonschema.Draft202012Validator(schema).is_valid


def test_it_is_a_schema_of_its_draft_in_json(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
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
def test_generated_configs_are_valid(accepts, path):
    tree, _ = read_yaml(path.read_text(encoding="utf-8"), str(path))

    assert accepts(tree)


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
def test_it_tells_right_from_wrong(accepts, text, valid):
    tree, _ = read_yaml(text, "")

    assert accepts(tree) is valid


def test_its_defaults_are_those_of_the_fields(schema):
    for section in surface():
        if section == "TrainingConfig":
            continue
        made = getattr(configs, section)()
        for name, part in schema["$defs"][section]["properties"].items():
            if "default" in part:
                assert part["default"] == getattr(made, name)
