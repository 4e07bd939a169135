"""The config has Oumi's fields and defaults, except where listed."""

import ast
import dataclasses
from enum import Enum

import pytest
from oumi_surface import ADDITIONS, DIFFERENCES, surface

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.params.base_params import MISSING
from oumi_runtime.core.configs.unsupported import REFUSED, refused_in
from oumi_runtime.exceptions import ConfigError

FIELDS = [
    (section, name, default)
    for section, fields in surface().items()
    for name, default in fields.items()
]
REFUSED_FIELDS = [(section, name) for section in REFUSED for name in REFUSED[section]]
PATHS = {
    "TrainingConfig": "{}",
    "ModelParams": "model: {}",
    "DatasetSplitParams": "data: {train: {}}",
    "TrainingParams": "training: {}",
    "PeftParams": "peft: {}",
}


def text_of(default):
    """Returns a default as the table writes it."""
    if isinstance(default, Enum):
        return f"{type(default).__name__}.{default.name}"
    if dataclasses.is_dataclass(default):
        return type(default).__name__
    words = {"{}": "dict", "[]": "list", repr(MISSING): "MISSING"}
    return words.get(repr(default), repr(default))


def same(ours, oumis):
    if ours == oumis:
        return True
    try:
        return ast.literal_eval(ours) == ast.literal_eval(oumis)
    except ValueError:
        return False


@pytest.mark.parametrize(("section", "name", "oumis"), FIELDS)
def test_every_field_of_oumi_s_is_a_field_here_or_refused(section, name, oumis):
    made = getattr(configs, section)()
    if name in refused_in(type(made)):
        assert not hasattr(made, name)
        return
    ours = text_of(getattr(made, name))

    expected = DIFFERENCES.get(f"{section}.{name}", (oumis, ""))[0]
    assert same(ours, expected)


def test_the_table_holds_the_sections_and_fields_that_there_are():
    ours = {
        f"{section}.{field.name}"
        for section in surface()
        for field in dataclasses.fields(getattr(configs, section))
    }
    oumis = {f"{section}.{name}" for section, name, _ in FIELDS}

    assert ours - oumis == set(ADDITIONS)
    assert oumis - ours == {f"{section}.{name}" for section, name in REFUSED_FIELDS}
    assert set(DIFFERENCES) <= ours


def yaml_with(section, key, value):
    path = PATHS[section]
    return path.replace("{}", f"{{{key}: {value}}}")


def yaml_value(default):
    texts = {None: "null", False: "false", True: "true"}
    if default is None or isinstance(default, bool):
        return texts[default]
    if isinstance(default, dict):
        inner = (f"{key}: {yaml_value(value)}" for key, value in default.items())
        return f"{{{', '.join(inner)}}}"
    return str(default)


@pytest.mark.parametrize(("section", "name"), REFUSED_FIELDS)
def test_a_refused_field_may_have_oumi_s_default(section, name):
    text = yaml_with(section, name, yaml_value(REFUSED[section][name].default))

    assert TrainingConfig.from_str(text) == TrainingConfig()


@pytest.mark.parametrize(("section", "name"), REFUSED_FIELDS)
def test_a_refused_field_may_have_no_other_value_and_says_why(section, name):
    refused = REFUSED[section][name]
    other = "true" if refused.default is False else "{some: thing}"
    text = yaml_with(section, name, other)

    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(text)

    mistake = next(m for m in caught.value.mistakes if m.key.endswith(name))
    assert refused.sentence in mistake.sentence
    assert mistake.place == f"<text>:1:{text.index(other) + 1}"


def test_a_refused_field_may_have_oumi_s_default_in_python_too():
    assert configs.ModelParams(chat_template=None) == configs.ModelParams()
    with pytest.raises(ConfigError, match="is for chat"):
        configs.ModelParams(chat_template="chat_ml")


def test_enums_have_oumi_s_members():
    members = {
        "DatasetSplit": "TRAIN=train TEST=test VALIDATION=validation",
        "MixtureStrategy": (
            "FIRST_EXHAUSTED=first_exhausted ALL_EXHAUSTED=all_exhausted"
        ),
        "MixedPrecisionDtype": "NONE=none FP16=fp16 BF16=bf16",
        "SchedulerType": (
            "LINEAR=linear COSINE=cosine COSINE_WITH_RESTARTS=cosine_with_restarts "
            "COSINE_WITH_MIN_LR=cosine_with_min_lr CONSTANT=constant"
        ),
        "BackwardPrefetch": (
            "BACKWARD_PRE=BACKWARD_PRE BACKWARD_POST=BACKWARD_POST "
            "NO_PREFETCH=NO_PREFETCH"
        ),
        "AutoWrapPolicy": (
            "SIZE_BASED_WRAP=SIZE_BASED_WRAP NO_WRAP=NO_WRAP "
            "TRANSFORMER_BASED_WRAP=TRANSFORMER_BASED_WRAP"
        ),
        "StateDictType": (
            "FULL_STATE_DICT=FULL_STATE_DICT SHARDED_STATE_DICT=SHARDED_STATE_DICT "
            "LOCAL_STATE_DICT=LOCAL_STATE_DICT"
        ),
        "ShardingStrategy": (
            "FULL_SHARD=FULL_SHARD SHARD_GRAD_OP=SHARD_GRAD_OP NO_SHARD=NO_SHARD "
            "HYBRID_SHARD=HYBRID_SHARD HYBRID_SHARD_ZERO2=HYBRID_SHARD_ZERO2"
        ),
        "LoraWeightInitialization": (
            "DEFAULT=default RANDOM=random GAUSSIAN=gaussian EVA=eva PISA=pissa "
            "LOFTQ=loftq OLORA=olora"
        ),
    }
    for enum, expected in members.items():
        ours = {f"{m.name}={m.value}" for m in getattr(configs, enum)}
        assert set(expected.split()) <= ours
