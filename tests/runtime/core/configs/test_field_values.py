"""Values of the fields of every section: what is taken, and what is not."""

import pytest
from config_mistakes import mistakes

from oumi_runtime.core.configs import (
    DatasetSplitParams,
    FSDPParams,
    LoraWeightInitialization,
    MixedPrecisionDtype,
    ModelParams,
    PeftParams,
    PeftSaveMode,
    ProfilerParams,
    SchedulerType,
    ShardingStrategy,
    TrainerType,
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


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("trainer_type", "OUMI", TrainerType.OUMI),
        ("trainer_type", "hf", TrainerType.HF),
        ("trainer_type", TrainerType.HF, TrainerType.HF),
        ("lr_scheduler_type", "COSINE", SchedulerType.COSINE),
        ("lr_scheduler_type", SchedulerType.COSINE_WITH_MIN_LR, "cosine_with_min_lr"),
        ("mixed_precision_dtype", "BF16", MixedPrecisionDtype.BF16),
        ("mixed_precision_dtype", "none", MixedPrecisionDtype.NONE),
        ("eval_strategy", "Steps", "steps"),
        ("optimizer", "AdamW", "adamw"),
        ("learning_rate", 1, 1.0),
        ("max_grad_norm", None, None),
        ("max_grad_norm", 0, 0.0),
        ("save_steps", 0, 0),
        ("warmup_ratio", 1, 1.0),
        ("max_steps", -1, -1),
        ("seed", 2**32 - 1, 2**32 - 1),
    ],
)
def test_a_legal_value_is_taken(field, given, expected):
    params = TrainingParams(**{field: given})
    assert getattr(params, field) == expected
    assert type(getattr(params, field)) is type(expected) or field.startswith("lr_")

    later = TrainingParams()
    setattr(later, field, given)
    assert later == params


@pytest.mark.parametrize(
    ("given", "expected"),
    [("fp32", "float32"), ("BF16", "bfloat16"), ("half", "float16"), ("Auto", "auto")],
)
def test_a_dtype_may_be_given_by_its_short_name(given, expected):
    assert ModelParams(torch_dtype_str=given).torch_dtype_str == expected


@pytest.mark.parametrize("given", ["auto", "cpu", "cuda", "cuda:3", "mps", None, "CPU"])
def test_a_device_may_be_any_that_torch_may_have(given):
    assert ModelParams(device_map=given).device_map == (given and given.lower())


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("gradient_accumulation_steps", 0),
        ("save_steps", -2),
        ("max_steps", -2),
        ("num_train_epochs", 0),
        ("learning_rate", -1.0),
        ("learning_rate", float("nan")),
        ("learning_rate", None),
        ("warmup_ratio", 1.1),
        ("warmup_steps", -1),
        ("adam_beta2", 1.0),
        ("weight_decay", -0.1),
        ("max_grad_norm", float("inf")),
        ("seed", -1),
        ("seed", 2**32),
        ("dataloader_num_workers", -1),
        ("eval_strategy", False),
        ("optimizer", None),
    ],
)
def test_a_value_out_of_range_is_refused(field, given):
    found = mistakes(lambda: TrainingParams(**{field: given}))

    assert len(found) == 1
    assert found[0].startswith(f"{field}: ")
