"""What each field of the config has to be seen to change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from field_observations import (
    CYCLE,
    Fields,
    batches_call,
    checkpointing,
    clock,
    collated_length,
    comparison,
    dataset,
    dataset_and_none,
    gpu_reading,
    has_metrics,
    hub_request,
    kept,
    learning_rates,
    of_another_process,
    optimizer_group,
    profiler_call,
    replicated,
    saved_steps,
    scheduled,
    split,
    spread,
    texts,
    timeout_minutes,
)


@dataclass(frozen=True)
class Effect:
    """A field, a value of it, and what that has to be seen to do.

    Attributes:
        value: The value that is given; the field's default is observed as well.
        observe: Takes the fields of the section.
        part: What of the observation the field is about.
        expected: What that is with the value; with the default it is another.
        beside: Fields that are given in both cases.
    """

    value: Any
    observe: Callable[[Fields], Any]
    part: Callable[[Any], Any]
    expected: Any
    beside: Fields = field(default_factory=dict)


def _item(name: str) -> Callable[[Any], Any]:
    return lambda seen: seen[name]


def _whole(seen: Any) -> Any:
    return seen


ON = {"enable_fsdp": True}
BY_SIZE = {"auto_wrap_policy": "SIZE_BASED_WRAP"}
COSINE = {"lr_scheduler_type": "cosine"}

EFFECTS: dict[str, Effect] = {
    f"TrainingParams.{name}": effect
    for name, effect in {
        "optimizer": Effect("sgd", optimizer_group, _item("class"), "SGD"),
        "optimizer_kwargs": Effect(
            {"amsgrad": True}, optimizer_group, _item("amsgrad"), True
        ),
        "enable_gradient_checkpointing": Effect(
            True, checkpointing, _whole, {"asked": True, "use_reentrant": None}
        ),
        "gradient_checkpointing_kwargs": Effect(
            {"use_reentrant": True},
            checkpointing,
            _item("use_reentrant"),
            True,
            {"enable_gradient_checkpointing": True},
        ),
        "learning_rate": Effect(0.5, optimizer_group, _item("lr"), 0.5),
        "weight_decay": Effect(0.25, optimizer_group, _item("weight_decay"), 0.25),
        "adam_beta1": Effect(0.5, optimizer_group, _item("betas"), (0.5, 0.999)),
        "adam_beta2": Effect(0.5, optimizer_group, _item("betas"), (0.9, 0.5)),
        "adam_epsilon": Effect(0.1, optimizer_group, _item("eps"), 0.1),
        "sgd_momentum": Effect(
            0.7, optimizer_group, _item("momentum"), 0.7, {"optimizer": "sgd"}
        ),
        "lr_scheduler_type": Effect("constant", learning_rates, _whole, [1.0] * 8),
        "lr_scheduler_kwargs": Effect(
            {"num_cycles": 1}, learning_rates, _item(4), 0.0, COSINE
        ),
        "warmup_steps": Effect(4, learning_rates, _item(2), 0.5),
        "warmup_ratio": Effect(0.5, learning_rates, _item(2), 0.5),
        "ddp_find_unused_parameters": Effect(True, replicated, _item("unused"), True),
        "nccl_default_timeout_minutes": Effect(2.0, timeout_minutes, _whole, 2.0),
        "data_seed": Effect(7, batches_call, _item("seed"), 7),
        "label_ignore_index": Effect(9, batches_call, _item("ignore_index"), 9),
        "save_steps": Effect(3, saved_steps, _whole, [3, 6, 9]),
        "save_total_limit": Effect(2, kept, _item("total_limit"), 2),
        "save_best": Effect(2, kept, _item("best"), 2),
        "metric_for_best_model": Effect("eval_x", kept, _item("metric"), "eval_x"),
        "greater_is_better": Effect(True, kept, _item("greater_is_better"), True),
        "save_minutes": Effect(5.0, clock, _item("save_minutes"), 5.0),
        "max_minutes": Effect(5.0, clock, _item("max_minutes"), 5.0),
        "force_resume": Effect(True, comparison, _item("force"), True),
        "metrics_function": Effect("classification", has_metrics, _whole, True),
    }.items()
}
EFFECTS |= {
    f"FSDPParams.{name}": effect
    for name, effect in {
        "enable_fsdp": Effect(True, spread, _item("made"), "sharded"),
        "sharding_strategy": Effect(
            "SHARD_GRAD_OP", spread, _item("reshard"), False, ON
        ),
        "cpu_offload": Effect(True, spread, _item("offload"), "CPUOffloadPolicy", ON),
        "mixed_precision": Effect("bf16", spread, _item("dtype"), torch.bfloat16, ON),
        "forward_prefetch": Effect(True, spread, _item("prefetch"), 1, ON),
        "auto_wrap_policy": Effect(
            "NO_WRAP", spread, _item("units"), ["Sequential"], ON
        ),
        "min_num_params": Effect(
            5,
            spread,
            _item("units"),
            ["Linear", "Unit", "Linear", "Unit", "Sequential"],
            ON | BY_SIZE,
        ),
        "transformer_layer_cls": Effect(
            "torch.nn.modules.linear.Linear",
            spread,
            _item("units"),
            ["Linear", "Linear", "Sequential"],
            ON,
        ),
        "sync_module_states": Effect(False, spread, _item("broadcast"), False, ON),
    }.items()
}
EFFECTS |= {
    f"ProfilerParams.{name}": Effect(True, profiler_call, _item(name), True, CYCLE)
    for name in (
        *("record_shapes", "profile_memory", "with_stack", "with_flops"),
        "with_modules",
    )
}
EFFECTS |= {
    f"ProfilerScheduleParams.{name}": Effect(7, scheduled, _item(name), 7)
    for name in ("wait", "warmup", "active", "repeat", "skip_first")
}
EFFECTS |= {
    "ModelParams.model_revision": Effect("v1", hub_request, _whole, {"revision": "v1"}),
    "DatasetSplitParams.target_col": Effect("b", texts, _whole, ["second"]),
    "DatasetSplitParams.collator_kwargs": Effect(
        {"max_length": 2},
        collated_length,
        _whole,
        2,
        {"collator_name": "text_with_padding"},
    ),
    "ProfilerParams.save_dir": Effect(
        "there", profiler_call, _item("save_dir"), "there", CYCLE
    ),
    "ProfilerParams.enable_cuda_profiling": Effect(
        True,
        profiler_call,
        lambda seen: [str(a) for a in seen["activities"]],
        ["ProfilerActivity.CPU", "ProfilerActivity.CUDA"],
        CYCLE,
    ),
    "ProfilerParams.schedule": Effect(
        {"enable_schedule": True, "wait": 2}, profiler_call, _item("wait"), 2, CYCLE
    ),
    "TelemetryParams.collect_telemetry_for_all_ranks": Effect(
        True, of_another_process, _whole, ["Telemetry"]
    ),
    "TelemetryParams.track_gpu_temperature": Effect(
        True, gpu_reading, _item(-1), "temperature_celsius"
    ),
    "DatasetParams.mixture_proportion": Effect(
        1.0, dataset_and_none, len, 4, {"sample_count": 4}
    ),
    "DatasetParams.sample_count": Effect(3, dataset, len, 3),
    "DatasetParams.split_shares": Effect(
        {"train": 0.25, "test": 0.75}, dataset, len, 359
    ),
    "DatasetParams.shuffle": Effect(
        True, dataset, _whole, [7, 3, 6, 2, 5, 3, 3, 8], {"sample_count": 8}
    ),
    "DatasetParams.seed": Effect(
        5,
        dataset,
        _whole,
        [3, 5, 0, 6, 1, 9, 9, 2],
        {"sample_count": 8, "shuffle": True},
    ),
    "DatasetSplitParams.mixture_strategy": Effect("all_exhausted", split, len, 9),
    "DatasetSplitParams.seed": Effect(7, split, _whole, [2, 8, 8, 6, 1]),
}
