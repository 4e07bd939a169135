"""Rules of whole configs, and where they are told."""

from pathlib import Path

import pytest
from config_mistakes import mistakes

from oumi_runtime.core.configs import (
    TrainingConfig,
)
from oumi_runtime.exceptions import ConfigError


def mistakes_of(text):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(text).finalize_and_validate()
    return [mistake.key for mistake in caught.value.mistakes]


def named(model):
    text = REST.replace("MLPEncoder", f"'{model}'")
    TrainingConfig.from_str(text).finalize_and_validate()


REST = """
model: {model_name: MLPEncoder}
data: {train: {datasets: [{dataset_name: digits}]}}
"""


@pytest.mark.parametrize(
    ("training", "keys"),
    [
        ("seed: x, warmup_ratio: 0.1, warmup_steps: 1", ["seed", "warmup_steps"]),
        ("warmup_ratio: x, warmup_steps: 1", ["warmup_ratio"]),
        ("warmup_ratios: 0.1, warmup_steps: 1", ["warmup_ratios"]),
        ("dataloader_num_workers: x, dataloader_prefetch_factor: 2", None),
        ("seed: x, eval_strategy: steps", ["seed", "eval_strategy"]),
    ],
)
def test_rules_are_told_with_wrong_types_unless_they_rest_on_them(training, keys):
    found = mistakes_of(f"training: {{{training}}}\n{REST}")

    assert found == [f"training.{k}" for k in keys or ["dataloader_num_workers"]]


def test_a_misspelt_name_is_not_missing_too():
    text = (
        "model: {model_nam: x}\ndata: {train: {datasets: [{dataset_name: digits}]}}\n"
    )

    assert mistakes_of(text) == ["model.model_nam"]


def test_a_wrong_entry_of_a_list_leaves_the_others_their_places():
    text = (
        "model: {model_name: MLPEncoder}\ndata: {train: {datasets: [3, {split: x}]}}\n"
    )

    assert mistakes_of(text) == [
        "data.train.datasets[0]",
        "data.train.datasets[1].dataset_name",
    ]


@pytest.mark.parametrize(
    ("text", "key", "sentence"),
    [
        (
            "training: {trainer_type: hf}\nfsdp: {enable_fsdp: true}",
            "fsdp.enable_fsdp",
            "native",
        ),
        ("training: {resume_from_checkpoint: no/such}", None, "folder 'no/such' does"),
        ("training: {callbacks: [Bell]}", "training.callbacks[0]", "named 'Bell'"),
        ("training: {trainer_type: Mine}", None, "'Mine' is not one of oumi, hf"),
    ],
)
def test_what_joins_the_sections_is_named(text, key, sentence):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(f"{text}\n{REST}").finalize_and_validate()
    (mistake,) = caught.value.mistakes

    assert mistake.key == key or key is None
    assert sentence in mistake.sentence
    assert mistake.place.startswith("<text>:")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("@register('Net', RegistryType.MODEL)\nclass Net: ...", "it registers: Net"),
        ("class Net: ...", "is a file; give the model by its name"),
        (None, "is a file; give the model by its name"),
    ],
)
def test_a_file_in_place_of_a_model_is_told_the_names_in_it(
    source, sentence, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if source is not None:
        (tmp_path / "net.py").write_text(source)
    (mistake,) = mistakes(lambda: named("net.py"))
    assert mistake.endswith(sentence)


@pytest.mark.parametrize(
    ("fields", "key", "sentence"),
    [
        ("load_pretrained_weights: true", "load_pretrained_weights", "starts fresh"),
        (
            "attn_implementation: sdpa",
            "attn_implementation",
            "'sdpa' is for transformers models",
        ),
        ("model_revision: main", "model_revision", "leave it out"),
        (
            "trust_remote_code: true",
            "trust_remote_code",
            "true is for transformers models",
        ),
        ("device_map: {fc1: cpu}", "device_map", "which MLPEncoder is not"),
        ("model_kwargs: {input_dim: .nan}", "model_kwargs.input_dim", "nan is not"),
    ],
)
def test_what_a_registered_model_cannot_use_is_named(fields, key, sentence):
    text = f"""
model: {{model_name: MLPEncoder, {fields}}}
data: {{train: {{datasets: [{{dataset_name: digits}}]}}}}
"""
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(text).finalize_and_validate()
    mistake = caught.value.mistakes[0]

    assert mistake.key == f"model.{key}"
    assert sentence in mistake.sentence
    assert mistake.place.startswith("<text>:2:")


def test_nan_deep_inside_arguments_is_found_at_its_place():
    text = """
model:
  model_name: owner/net
  model_kwargs:
    rope:
      factors: [1.0, .nan]
data: {train: {datasets: [{dataset_name: digits}]}}
"""
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(text).finalize_and_validate()

    assert str(caught.value) == (
        "<text>:6:22  model.model_kwargs.rope.factors[1]: nan is not a number"
    )


@pytest.mark.parametrize("name", ["./" + "x" * 5000, "x" * 5000, "a\0b", "é" * 300])
@pytest.mark.parametrize(
    "field",
    [
        "model.model_name",
        "data.train.datasets[0].dataset_path",
        "training.resume_from_checkpoint",
        "training.optimizer",
        "training.callbacks[0]",
    ],
)
def test_what_cannot_be_a_path_or_a_name_is_refused_in_a_short_line(name, field):
    config = TrainingConfig.from_yaml_and_arg_list(
        None,
        [
            "--model.model_name=MLPEncoder",
            "--data.train.datasets[0].dataset_name=digits",
            f"--{field}={name}",
        ],
    )
    with pytest.raises(ConfigError) as caught:
        config.finalize_and_validate()

    assert len(str(caught.value)) < 1000 + 2 * len(str(Path.cwd()))
