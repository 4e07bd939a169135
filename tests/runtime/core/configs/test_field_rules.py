"""Values and rules of the fields of every section: what is taken, and what is not."""

from pathlib import Path

import pytest

from oumi_runtime.core.configs import (
    DatasetSplitParams,
    FSDPParams,
    LoraWeightInitialization,
    ModelParams,
    PeftParams,
    PeftSaveMode,
    ProfilerParams,
    ShardingStrategy,
    TrainerType,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.exceptions import ConfigError


@pytest.mark.parametrize(
    ("section", "field", "given", "expected"),
    [
        (FSDPParams, "sharding_strategy", "full_shard", ShardingStrategy.FULL_SHARD),
        (FSDPParams, "mixed_precision", "BF16", "bf16"),
        (FSDPParams, "use_orig_params", True, True),
        (PeftParams, "lora_init_weights", "pisa", LoraWeightInitialization.PISA),
        (PeftParams, "lora_init_weights", "PISSA_niter_16", "pissa_niter_16"),
        (PeftParams, "peft_save_mode", "merged", PeftSaveMode.MERGED),
        (TrainingParams, "eval_steps", 0.1, 0.1),
        (TrainingParams, "eval_steps", 7, 7),
        (TrainingParams, "dataloader_num_workers", "AUTO", "auto"),
        (TrainingParams, "log_level", "DEBUG", "debug"),
        (TrainingParams, "optimizer", "SGD", "sgd"),
        (TrainingParams, "optimizer", "MyOwn", "MyOwn"),
        (TrainingParams, "cuda_graphs", True, "on"),
        (TrainingParams, "cuda_graphs", False, "off"),
        (TrainingParams, "channels_last", "AUTO", "auto"),
        (TrainingParams, "lr_scheduler_type", "WSD", "warmup_stable_decay"),
        (TrainingParams, "trainer_type", "MyOwn", "MyOwn"),
        (TrainingParams, "save_steps", -1, 0),
        (ModelParams, "device_map", {"": 0}, {"": 0}),
        (ModelParams, "freeze_layers", None, []),
        (ProfilerParams, "row_limit", -1, -1),
        (DatasetSplitParams, "mixture_strategy", "ALL_EXHAUSTED", "all_exhausted"),
        (DatasetSplitParams, "collator_name", "mine", "mine"),
    ],
)
def test_a_value_is_taken_in_any_of_its_forms(section, field, given, expected):
    found = getattr(section(**{field: given}), field)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("section", "field", "given", "sentence"),
    [
        (FSDPParams, "sharding_strategy", "HYBRID_SHARD", "write FULL_SHARD or"),
        (FSDPParams, "sharding_strategy", "FULL_SHRD", "did you mean 'FULL_SHARD'"),
        (FSDPParams, "state_dict_type", "LOCAL_STATE_DICT", "write FULL_STATE"),
        (FSDPParams, "use_orig_params", False, "write true, or leave the key out"),
        (FSDPParams, "min_num_params", 0, "at least 1"),
        (PeftParams, "peft_save_mode", "adapter_and_base_model", "merged"),
        (PeftParams, "lora_bias", "some", "none, all, lora_only"),
        (PeftParams, "lora_dropout", 1.0, "less than 1"),
        (PeftParams, "lora_init_weights", "pissa_niter_x", "not one of"),
        (TrainingParams, "eval_steps", 1.5, "a share of all steps"),
        (TrainingParams, "eval_steps", 0, "at least 1"),
        (TrainingParams, "eval_steps", "often", "not a number"),
        (TrainingParams, "dataloader_num_workers", "many", "neither 'auto' nor"),
        (TrainingParams, "dataloader_prefetch_factor", 0, "at least 1"),
        (TrainingParams, "nccl_default_timeout_minutes", 0.0, "more than 0"),
        (TrainingParams, "empty_device_cache_steps", 0, "at least 1"),
        (TrainingParams, "log_level", "loud", "debug, info"),
        (TrainingParams, "optimizer", " ", "not one of"),
        (TrainingParams, "optimizer", "paged_lion_32bit", "write adamw_8bit, or"),
        (TrainingParams, "trainer_type", "TRL_SFT", "tunes language models for chat"),
        (TrainingParams, "trainer_type", "trl_dpo", "is for preference tuning"),
        (TrainingParams, "trainer_type", "TRL_GRPO", "is for reinforcement learning"),
        (TrainingParams, "trainer_type", "verl_grpo", "is for reinforcement learning"),
        (TrainingParams, "trainer_type", "TRL_GOLD", "is for distilling a teacher"),
        (TrainingParams, "save_steps", -2, "at least 0, or -1 for none"),
        (ModelParams, "device_map", {"lm_head": "tpu"}, "lm_head: 'tpu' is not"),
        (ModelParams, "device_map", {0: "cpu"}, "not the name of a module"),
        (ModelParams, "device_map", ["cpu"], "nor is it a mapping"),
        (ModelParams, "freeze_layers", [1], "is not a string"),
        (ProfilerParams, "row_limit", 0, "-1 for all"),
        (DatasetSplitParams, "mixture_strategy", "first", "not one of"),
        (DatasetSplitParams, "collator_name", "vision_language_sft", "is for chat"),
        (DatasetSplitParams, "collator_name", " ", "is not a name"),
    ],
)
def test_any_other_value_is_refused_in_one_sentence(section, field, given, sentence):
    with pytest.raises(ConfigError) as caught:
        section(**{field: given})

    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].key.startswith(field)
    assert sentence in caught.value.mistakes[0].sentence


def broken(section):
    with pytest.raises(ConfigError) as caught:
        section.finalize_and_validate()
    return [(mistake.key, mistake.sentence) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("fields", "key", "sentence"),
    [
        ({"warmup_ratio": 0.1, "warmup_steps": 1}, "warmup_steps", "keep one"),
        (
            {"optimizer_kwargs": {"lr": 0.1}},
            "optimizer_kwargs.lr",
            "write learning_rate",
        ),
        ({"trainer_type": "hf", "ema_decay": 0.9}, "ema_decay", "native trainer"),
        ({"early_stopping_patience": 2}, "early_stopping_patience", "eval_strategy"),
        ({"trainer_type": "hf", "overfit_batches": 1}, "overfit_batches", "native"),
        ({"trainer_type": "hf", "cuda_graphs": "on"}, "cuda_graphs", "native trainer"),
        (
            {"compile": True, "compile_kwargs": {"modes": "default"}},
            "compile_kwargs.modes",
            "did you mean 'mode'",
        ),
        (
            {"split_on_out_of_memory": True, "cuda_graphs": "on"},
            "split_on_out_of_memory",
            "not possible",
        ),
        (
            {"parameter_groups": [{"learning_rate": 0.1}]},
            "parameter_groups[0].parameters",
            "names nothing",
        ),
        (
            {"parameter_groups": [{"parameters": ["x"]}]},
            "parameter_groups[0].learning_rate",
            "set at least one",
        ),
        ({"trainer_kwargs": {"bf16": True}}, "trainer_kwargs", "write trainer_type"),
        (
            {"trainer_type": "hf", "trainer_kwargs": {"bf61": True}},
            "trainer_kwargs.bf61",
            "TrainingArguments takes no 'bf61' (did you mean 'bf16'?)",
        ),
        (
            {"trainer_type": "hf", "include_performance_metrics": True},
            "include_performance_metrics",
            "needs the native trainer; write trainer_type: oumi",
        ),
        (
            {"lr_scheduler_kwargs": {"num_cycles": 2}},
            "lr_scheduler_kwargs.num_cycles",
            "linear takes no 'num_cycles'; it takes nothing",
        ),
        (
            {"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": {"num_cycels": 2}},
            "lr_scheduler_kwargs.num_cycels",
            "cosine takes no 'num_cycels' (did you mean 'num_cycles'?)",
        ),
        ({"dataloader_prefetch_factor": 2}, "dataloader_prefetch_factor", "workers"),
        (
            {"dataloader_persistent_workers": True},
            "dataloader_persistent_workers",
            "workers",
        ),
    ],
)
def test_training_fields_that_do_not_go_together_are_named(fields, key, sentence):
    ((found, why),) = broken(TrainingParams(**fields))

    assert found == key
    assert sentence in why


@pytest.mark.parametrize(
    ("kwargs", "key", "sentence"),
    [
        ({"module": ["x"]}, "module", "did you mean 'modules'"),
        ({"modules": "x"}, "modules", "not a list of names"),
        ({"use_reentrant": "no"}, "use_reentrant", "not true or false"),
    ],
)
def test_how_activations_are_checkpointed_is_checked(kwargs, key, sentence):
    ((found, why),) = broken(
        TrainingParams(
            enable_gradient_checkpointing=True, gradient_checkpointing_kwargs=kwargs
        )
    )

    assert found == f"gradient_checkpointing_kwargs.{key}"
    assert sentence in why


def test_training_fields_that_go_together_are_taken():
    TrainingParams(
        trainer_type=TrainerType.HF, trainer_kwargs={"bf16": True}
    ).finalize_and_validate()
    TrainingParams(
        lr_scheduler_type="MyOwn", lr_scheduler_kwargs={"anything": "goes"}
    ).finalize_and_validate()
    TrainingParams(
        dataloader_num_workers="auto",
        dataloader_prefetch_factor=2,
        dataloader_persistent_workers=True,
    ).finalize_and_validate()


def test_an_adapter_to_train_needs_a_folder():
    ((key, _),) = broken(ModelParams(model_name="x", adapter_trainable=True))

    assert key == "adapter_trainable"


def test_layer_classes_need_the_policy_that_uses_them():
    ((key, _),) = broken(FSDPParams(transformer_layer_cls="Layer"))

    assert key == "transformer_layer_cls"
    FSDPParams(
        transformer_layer_cls="Layer", auto_wrap_policy="TRANSFORMER_BASED_WRAP"
    ).finalize_and_validate()


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ([0.5, None], "datasets[1].mixture_proportion"),
        ([0.5, 0.6], "datasets[1].mixture_proportion"),
        ([0.5], "datasets[0].mixture_proportion"),
    ],
)
def test_the_parts_of_a_mixture_make_a_whole(parts, key):
    def mixture(parts):
        named = [{"dataset_name": "x", "mixture_proportion": p} for p in parts]
        return DatasetSplitParams(datasets=named)

    assert [found for found, _ in broken(mixture(parts))] == [key]
    mixture([0.1, 0.2, 0.7]).finalize_and_validate()
    mixture([None, None]).finalize_and_validate()


def mistakes_of(text):
    with pytest.raises(ConfigError) as caught:
        TrainingConfig.from_str(text).finalize_and_validate()
    return [mistake.key for mistake in caught.value.mistakes]


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


@pytest.mark.parametrize(
    ("fields", "key", "sentence"),
    [
        ({"train": 0.9}, "split_shares", "add up to 0.9; they must sum to 1"),
        ({"test": 1.0}, "split_shares", "gives no share to 'train'"),
        ({"train": 2.0}, "split_shares.train", "must be at most 1.0"),
    ],
)
def test_the_shares_of_splits_make_a_whole(fields, key, sentence):
    dataset = {"dataset_name": "digits", "split_shares": fields}
    with pytest.raises(ConfigError) as caught:
        DatasetSplitParams(datasets=[dataset]).finalize_and_validate()
    assert str(caught.value).startswith(f"datasets[0].{key}: ")
    assert sentence in str(caught.value)


def test_a_stream_has_no_shares() -> None:
    shared = {"dataset_name": "tabular", "split_shares": {"train": 1.0}}
    with pytest.raises(ConfigError, match="stream: true is not possible with split_sh"):
        DatasetSplitParams(datasets=[shared], stream=True).finalize_and_validate()


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
