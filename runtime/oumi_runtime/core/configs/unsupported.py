"""Oumi's fields that are not supported here, and the reasons.

Their default values are accepted, so that files which spell them out can be read; any
other value is a mistake. The list is short on purpose: reinforcement learning,
preference tuning, chat, inference engines, quantised weights and DeepSpeed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Refused:
    """A field that is refused.

    Attributes:
        default: Oumi's default; for a section, the defaults by key.
        sentence: The reason, and what to do.
    """

    default: Any
    sentence: str

    def is_default(self, given: Any) -> bool:
        """Whether the value is equivalent to leaving the field out."""
        return _is_default(given, self.default)


def _is_default(given: Any, default: Any) -> bool:
    if isinstance(default, dict):
        return given is None or (
            isinstance(given, dict)
            and all(
                k in default and _is_default(v, default[k]) for k, v in given.items()
            )
        )
    if isinstance(given, str) and isinstance(default, str):
        return given.lower() == default.lower()
    if isinstance(given, bool) or isinstance(default, bool):
        return given is default
    return bool(given == default) or (given is None and default == [])


CHAT = "is for chat and vision-language models, which are not supported; leave it out"
_ENGINE = "is for inference engines, which are not supported; leave it out"
_REINFORCED = "is for reinforcement learning, which is not supported; leave it out"
_DISTILLED = "is for distilling a teacher, which is not supported; leave it out"
_QUANTISED = (
    "is for quantised weights (bitsandbytes), which are not supported; leave it "
    "out, and use LoRA on bfloat16 weights"
)

_GRPO: dict[str, Any] = {
    "model_init_kwargs": {},
    "max_prompt_length": None,
    "max_completion_length": None,
    "num_generations": None,
    "temperature": 0.9,
    "remove_unused_columns": False,
    "repetition_penalty": 1.0,
    "use_vllm": False,
    "vllm_mode": None,
    "vllm_gpu_memory_utilization": 0.9,
    "epsilon": 0.2,
    "log_completions": False,
    "rollout_function": None,
}
_GKD: dict[str, Any] = {
    "teacher_model_name_or_path": None,
    "teacher_model_init_kwargs": {"dtype": "auto"},
    "temperature": 0.9,
    "lmbda": 0.5,
    "beta": 0.5,
    "max_new_tokens": 128,
    "disable_dropout": True,
    "seq_kd": False,
}
_GOLD: dict[str, Any] = {
    **{name: value for name, value in _GKD.items() if name != "max_new_tokens"},
    "teacher_model_init_kwargs": {"torch_dtype": "auto"},
    "teacher_tokenizer_name_or_path": None,
    "top_p": 0.95,
    "top_k": 0,
    "max_completion_length": 128,
    "use_uld_loss": False,
    "use_extended_uld": True,
    "uld_use_hybrid_loss": False,
    "uld_crossentropy_weight": 0.0,
    "uld_distillation_weight": 1.0,
    "use_vllm": False,
    "vllm_mode": "server",
}
_DEEPSPEED: dict[str, Any] = {
    "enable_deepspeed": False,
    "deepspeed_config_path": None,
    "zero_stage": "ZERO_0",
    "offload_optimizer": None,
    "offload_param": None,
    "precision": None,
    "overlap_comm": False,
    "contiguous_gradients": True,
    "reduce_bucket_size": 500_000_000,
    "allgather_bucket_size": 500_000_000,
    "allgather_partitions": True,
    "reduce_scatter": True,
    "round_robin_gradients": False,
    "stage3_prefetch_bucket_size": 50_000_000,
    "stage3_param_persistence_threshold": 100_000,
    "stage3_max_live_parameters": 1_000_000_000,
    "stage3_max_reuse_distance": 1_000_000_000,
    "stage3_gather_16bit_weights_on_model_save": False,
    "sub_group_size": 1_000_000_000,
    "train_batch_size": "auto",
    "train_micro_batch_size_per_gpu": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "zero_allow_untested_optimizer": True,
    "zero_force_ds_cpu_optimizer": True,
    "activation_checkpointing": {},
    "memory_efficient_linear": False,
    "steps_per_print": 10,
    "wall_clock_breakdown": False,
}

REFUSED: Mapping[str, Mapping[str, Refused]] = {
    "TrainingConfig": {
        "deepspeed": Refused(
            _DEEPSPEED,
            "DeepSpeed is not used here; to split a model over devices, write "
            "`enable_fsdp: true` in the fsdp section",
        ),
    },
    "ModelParams": {
        "processor_kwargs": Refused({}, CHAT),
        "chat_template": Refused(None, CHAT),
        "chat_template_kwargs": Refused(None, CHAT),
        "text_only": Refused(False, CHAT),
        "tool_call_parser": Refused(None, _ENGINE),
        "shard_for_eval": Refused(
            False, "is not supported; use device_map: auto, or the fsdp section"
        ),
        "enable_liger_kernel": Refused(
            False, "is not supported; use compile: true for faster kernels"
        ),
    },
    "DatasetSplitParams": {"train_target": Refused(None, CHAT)},
    "TrainingParams": {
        "reward_functions": Refused([], _REINFORCED),
        "reward_function_kwargs": Refused({}, _REINFORCED),
        "grpo": Refused(_GRPO, _REINFORCED),
        "verl_config_overrides": Refused({}, _REINFORCED),
        "gkd": Refused(_GKD, _DISTILLED),
        "gold": Refused(_GOLD, _DISTILLED),
    },
    "PeftParams": {
        "q_lora": Refused(False, _QUANTISED),
        "q_lora_bits": Refused(4, _QUANTISED),
        "bnb_4bit_quant_type": Refused("fp4", _QUANTISED),
        "llm_int8_skip_modules": Refused(None, _QUANTISED),
        "use_bnb_nested_quant": Refused(False, _QUANTISED),
        "bnb_4bit_quant_storage": Refused("uint8", _QUANTISED),
        "bnb_4bit_compute_dtype": Refused("float32", _QUANTISED),
    },
}
"""Refused fields by the name of the section's class, then of the field."""


def refused_in(section: type[Any]) -> dict[str, Refused]:
    """Returns the refused fields of a section, or of a class derived from it."""
    return {
        name: refused
        for base in reversed(section.__mro__)
        for name, refused in REFUSED.get(base.__name__, {}).items()
    }


def without_defaults(section: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the values for a section, without refused fields at Oumi's defaults."""
    refused = refused_in(section)
    return {
        name: value
        for name, value in given.items()
        if name not in refused or not refused[name].is_default(value)
    }
