"""Configs in the shapes of Oumi's recipes are read whole, or refused by a field's name.

Each is written for this test, with the keys and spellings that recipes use.
"""

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.exceptions import ConfigError

MODEL = """
model:
  model_name: "owner/Base-1B"
  model_max_length: 8192
  torch_dtype_str: "bfloat16"
  attn_implementation: "sdpa"
  load_pretrained_weights: True
  trust_remote_code: False
"""
DATA = """
data:
  train:
    datasets:
      - dataset_name: "owner/instructions"
        split: "train"
        sample_count: 1000
        transform_num_workers: "auto"
    target_col: null
    mixture_strategy: FIRST_EXHAUSTED
    use_torchdata: True
"""
TRAINING = """
training:
  trainer_type: "OUMI"
  save_steps: 200
  num_train_epochs: 1
  per_device_train_batch_size: 2
  gradient_accumulation_steps: 8
  max_grad_norm: null
  ddp_find_unused_parameters: False
  optimizer: "adamw_torch_fused"
  learning_rate: 2.0e-05
  lr_scheduler_type: "cosine_with_min_lr"
  lr_scheduler_kwargs:
    min_lr_rate: 0.1
  warmup_ratio: 0.03
  weight_decay: 0.01
  enable_gradient_checkpointing: False
  gradient_checkpointing_kwargs:
    use_reentrant: False
  compile: False
  dataloader_num_workers: "auto"
  dataloader_prefetch_factor: 32
  logging_steps: 100
  empty_device_cache_steps: 50
  output_dir: "output/run"
  include_performance_metrics: True
  log_model_summary: False
  enable_wandb: True
  nccl_default_timeout_minutes: 30
"""
FSDP = """
fsdp:
  enable_fsdp: True
  sharding_strategy: "FULL_SHARD"
  forward_prefetch: True
  auto_wrap_policy: "TRANSFORMER_BASED_WRAP"
  transformer_layer_cls: "BaseDecoderLayer"
"""
CHAT = "tunes language models for chat"


def keys_of(text):
    """Returns what is refused, by key; nothing where the config is taken."""
    mistakes = ()
    try:
        TrainingConfig.from_str(text).finalize_and_validate()
    except ConfigError as error:
        mistakes = error.mistakes
    assert all(m.place.startswith("<text>:") and m.key for m in mistakes)
    return {mistake.key: mistake.sentence for mistake in mistakes}


def test_a_training_of_one_s_own_is_taken_whole():
    assert keys_of(MODEL + DATA + TRAINING + FSDP) == {}
    config = TrainingConfig.from_str(MODEL + DATA + TRAINING + FSDP)

    assert config.training.learning_rate == 2e-5
    assert config.training.lr_scheduler_kwargs == {"min_lr_rate": 0.1}
    assert config.training.max_grad_norm is None
    assert config.fsdp.transformer_layer_cls == "BaseDecoderLayer"
    assert config.data.train.datasets[0].transform_num_workers == "auto"


@pytest.mark.parametrize(
    ("was", "now", "key", "sentence"),
    [
        ('"OUMI"', '"TRL_SFT"', "training.trainer_type", CHAT),
        ('"OUMI"', "TRL_DPO", "training.trainer_type", "preference tuning"),
        ('"OUMI"', '"TRL_GRPO"', "training.trainer_type", "reinforcement"),
        ('"OUMI"', "VERL_GRPO", "training.trainer_type", "reinforcement"),
        ('"OUMI"', "TRL_GKD", "training.trainer_type", "distilling"),
        ("target_col: null", "train_target: FINAL_ASSISTANT_TURN", None, "for chat"),
        ("target_col: null", 'collator_name: "vision_language_sft"', None, "for chat"),
        (
            "target_col: null",
            'collator_name: "text_completions_only_with_padding"',
            "data.train.collator_name",
            "is for chat",
        ),
        (
            'attn_implementation: "sdpa"',
            'chat_template: "llama3-instruct"',
            "model.chat_template",
            "is for chat",
        ),
        (
            'attn_implementation: "sdpa"',
            "processor_kwargs: {min_pixels: 3136}",
            "model.processor_kwargs",
            "is for chat",
        ),
        (
            'attn_implementation: "sdpa"',
            "enable_liger_kernel: True",
            "model.enable_liger_kernel",
            "use compile: true",
        ),
        (
            "weight_decay: 0.01",
            "reward_functions: [gsm8k]",
            "training.reward_functions",
            "reinforcement",
        ),
        (
            "weight_decay: 0.01",
            "grpo: {use_vllm: True, num_generations: 4}",
            "training.grpo",
            "reinforcement",
        ),
        (
            "weight_decay: 0.01",
            "gold: {teacher_model_name_or_path: owner/Teacher}",
            "training.gold",
            "distilling",
        ),
        (
            "weight_decay: 0.01",
            "verl_config_overrides: {actor: {lr: 1e-6}}",
            "training.verl_config_overrides",
            "reinforcement",
        ),
        (
            '"adamw_torch_fused"',
            '"paged_lion_32bit"',
            "training.optimizer",
            "adafactor to save memory",
        ),
    ],
)
def test_what_has_no_meaning_here_is_named(was, now, key, sentence):
    text = (MODEL + DATA + TRAINING + FSDP).replace(was, now)
    found = keys_of(text)

    assert len(found) == 1
    assert key is None or list(found) == [key]
    assert sentence in next(iter(found.values()))


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        (
            "peft:\n  q_lora: True\n  bnb_4bit_quant_type: nf4\n  lora_r: 16\n"
            "  lora_init_weights: DEFAULT\n  lora_target_modules: [q_proj, v_proj]\n",
            {"peft.q_lora", "peft.bnb_4bit_quant_type"},
        ),
        (
            "deepspeed:\n  enable_deepspeed: true\n  zero_stage: ZERO_3\n"
            "  offload_optimizer: {device: cpu}\n",
            {"deepspeed"},
        ),
        ("peft: null\nfsdp: {}\ndeepspeed: null\n", set()),
    ],
)
def test_whole_sections_are_refused_by_what_is_in_them(section, keys):
    assert set(keys_of(MODEL + DATA + TRAINING + section)) == keys


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("8192", "32_768"),
        ("2.0e-05", "0.000005"),
        ("2.0e-05", "3E-4"),
        ("2.0e-05", "1"),
        ("save_steps: 200", "save_steps: -1"),
        ('"adamw_torch_fused"', "adafactor"),
        ('"adamw_torch_fused"', "paged_adamw_8bit"),
        ('"cosine_with_min_lr"', "COSINE_WITH_MIN_LR"),
        ("True", "true"),
        ("FIRST_EXHAUSTED", "all_exhausted"),
        ('"FULL_SHARD"', "shard_grad_op"),
        ('"BaseDecoderLayer"', '"owner.models.BaseDecoderLayer"'),
        ('"auto"\n  dataloader_p', "8\n  dataloader_p"),
    ],
)
def test_values_are_taken_in_the_spellings_of_recipes(was, now):
    text = MODEL + DATA + TRAINING + FSDP
    assert was in text

    assert keys_of(text.replace(was, now)) == {}
