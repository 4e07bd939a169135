"""Configs with one or two mistakes, and where and what `validate` has to say of them.

A mistake takes the place of a line of `BASE`. In its text, `^` stands before the
character that has to be blamed; it is left out of the file.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

BASE = """\
model:
  model_name: Mine
  model_kwargs:
    vocab_size: 100
    hidden_dim: 8
  device_map: cpu
  torch_dtype_str: float32
  freeze_layers: []
data:
  train:
    mixture_strategy: first_exhausted
    seed: 1
    datasets:
      - dataset_name: my_data
        dataset_path: data.csv
        split: train
        sample_count: 10
        mixture_proportion: 1.0
        dataset_kwargs:
          text_column: text
  validation:
    datasets:
      - dataset_name: digits
training:
  trainer_type: oumi
  output_dir: out
  learning_rate: 1e-4
  optimizer: adamw_torch
  lr_scheduler_type: cosine
  lr_scheduler_kwargs:
    num_cycles: 0.5
  weight_decay: 0.0
  adam_beta1: 0.9
  max_steps: 10
  num_train_epochs: 3
  per_device_train_batch_size: 8
  gradient_accumulation_steps: 1
  warmup_ratio: 0.1
  metrics_function: classification
  mixed_precision_dtype: none
  eval_strategy: epoch
  eval_steps: 5
  save_steps: 0
  save_epoch: false
  max_grad_norm: 1.0
  seed: 42
  dataloader_num_workers: 0
  profiler:
    row_limit: 10
peft:
  lora_r: 8
fsdp:
  sharding_strategy: FULL_SHARD
"""

PROJECT = {
    "oumi_requirements.txt": "parts.py\n",
    "data.csv": "text,label\na,0\n",
    "parts.py": """\
import torch
from oumi_runtime.core.registry import RegistryType, register, register_dataset

@register("Mine", RegistryType.MODEL)
class Mine(torch.nn.Module):
    def __init__(self, vocab_size: int, hidden_dim: int = 8, dropout: float = 0.0):
        super().__init__()

@register_dataset("my_data")
class MyData(torch.utils.data.Dataset):
    def __init__(self, *, dataset_path: str, split: str, text_column: str = "text"):
        pass

@register("MyLion", RegistryType.OPTIMIZER)
def lion(parameters, params): ...

@register("Stairs", RegistryType.LR_SCHEDULER)
def stairs(optimizer, params, num_training_steps): ...

@register("exact", RegistryType.METRICS_FUNCTION)
def exact(predictions): ...

@register("Stacked", RegistryType.COLLATOR)
def stacked(samples): ...

@register("Bell", RegistryType.CALLBACK)
def bell(config): ...

@register("Sharp", RegistryType.TRAINER)
def sharp(parts): ...
""",
}


@dataclass(frozen=True)
class Bad:
    """A mistake.

    Attributes:
        line: The line of `BASE` that it replaces, without its indentation.
        text: What stands there; `^` stands before the blamed character.
        says: What the sentence has to hold.
        hides: Whether nothing else can be told of the file.
    """

    line: str
    text: str
    says: str
    hides: bool = False


def _near(name: str) -> str:
    return f"did you mean '{name}'?"


MISTAKES = [
    # Keys.
    Bad("model:", "^modle:", _near("model")),
    Bad("learning_rate: 1e-4", "^lerning_rate: 1e-4", _near("learning_rate")),
    Bad("device_map: cpu", "^divice_map: cpu", _near("device_map")),
    Bad("split: train", "^splt: train", _near("split")),
    Bad("row_limit: 10", "^row_limits: 10", _near("row_limit")),
    Bad("lora_r: 8", "^lora_rr: 8", _near("lora_r")),
    Bad("seed: 42", "^model_name: Mine", "it belongs in 'model'"),
    Bad("seed: 42", "^3: 42", "is not the name of a key"),
    Bad("max_steps: 10", "max_steps: 10\n  ^max_steps: 11", "is given twice; the first"),
    # Enum values.
    Bad("trainer_type: oumi", "trainer_type: ^oumni", _near("oumi")),
    Bad("mixed_precision_dtype: none", "mixed_precision_dtype: ^bf61", _near("bf16")),
    Bad("eval_strategy: epoch", "eval_strategy: ^epochs", _near("epoch")),
    Bad("torch_dtype_str: float32", "torch_dtype_str: ^flaot32", _near("float32")),
    Bad("device_map: cpu", "device_map: ^banana", "is not one of auto, cpu, cuda"),
    Bad("sharding_strategy: FULL_SHARD", "sharding_strategy: ^FULL_SHRAD", _near("FULL_SHARD")),
    Bad("mixture_strategy: first_exhausted", "mixture_strategy: ^first_exausted", _near("first_exhausted")),
    # Names that are registered.
    Bad("model_name: Mine", "model_name: ^Mien", _near("Mine")),
    Bad("model_name: Mine", "model_name: ^MLPEncodr", _near("MLPEncoder")),
    Bad("model_name: Mine", "model_name: ^./no/such", "the folder './no/such' does not exist"),
    Bad("- dataset_name: my_data", "- dataset_name: ^my_dta", _near("my_data")),
    Bad("- dataset_name: digits", "- dataset_name: ^digist", _near("digits")),
    Bad("optimizer: adamw_torch", "optimizer: ^admw_torch", _near("adamw_torch")),
    Bad("optimizer: adamw_torch", "optimizer: ^MyLoin", _near("MyLion")),
    Bad("lr_scheduler_type: cosine", "lr_scheduler_type: ^cosin", _near("cosine")),
    Bad("lr_scheduler_type: cosine", "lr_scheduler_type: ^Stiars", _near("Stairs")),
    Bad("metrics_function: classification", "metrics_function: ^clasification", _near("classification")),
    Bad("metrics_function: classification", "metrics_function: ^exatc", _near("exact")),
    Bad("trainer_type: oumi", "trainer_type: ^Shapr", _near("Sharp")),
    Bad("seed: 1", "seed: 1\n    collator_name: ^Staked", _near("Stacked")),
    Bad("seed: 42", "seed: 42\n  callbacks: [^Bel]", _near("Bell")),
    # Arguments of constructors.
    Bad("hidden_dim: 8", "^hiden_dim: 8", _near("hidden_dim")),
    Bad("hidden_dim: 8", "hidden_dim: ^wide", "'wide' is not a whole number"),
    Bad("vocab_size: 100", "^dropout: 0.1", "Mine also needs vocab_size"),
    Bad("text_column: text", "^txt_column: text", _near("text_column")),
    Bad("text_column: text", "text_column: ^3", "3 is not a string"),
    Bad("num_cycles: 0.5", "^num_cycle: 0.5", _near("num_cycles")),
    Bad("num_cycles: 0.5", "num_cycles: ^few", "'few' is not a number"),
    # Files.
    Bad("dataset_path: data.csv", "dataset_path: ^data.cvs", _near("data.csv")),
    Bad("output_dir: out", "output_dir: out\n  resume_from_checkpoint: ^out/no", "does not exist"),
    # Types.
    Bad("learning_rate: 1e-4", "learning_rate: ^fast", "'fast' is not a number"),
    Bad("learning_rate: 1e-4", "learning_rate: ^'1e-4'", "write 0.0001 without quotes"),
    Bad("max_steps: 10", "max_steps: ^1.5", "is not a whole number"),
    Bad("save_epoch: false", "save_epoch: ^no", "is neither true nor false"),
    Bad("output_dir: out", "output_dir: ^2024", "is not a string; put it in quotes: '2024'"),
    Bad("freeze_layers: []", "freeze_layers: ^layer1", "is not a list; write `- `"),
    Bad("lora_r: 8", "lora_r: ^[8]", "is not a whole number"),
    Bad("seed: 42", "seed: 42\n  telemetry: ^fast", "is not a section"),
    Bad("freeze_layers: []", "tokenizer_kwargs: ^[1]", "is not a mapping"),
    Bad("dataloader_num_workers: 0", "dataloader_num_workers: ^many", "neither 'auto' nor"),
    Bad("seed: 42", "seed: ^null", "null is not a whole number"),
    # NaN, infinities, sizes.
    Bad("learning_rate: 1e-4", "learning_rate: ^.nan", "is not a finite number"),
    Bad("weight_decay: 0.0", "weight_decay: ^.inf", "is not a finite number"),
    Bad("hidden_dim: 8", "hidden_dim: ^.nan", "nan is not a"),
    Bad("num_cycles: 0.5", "num_cycles: ^.inf", "is out of range"),
    Bad("per_device_train_batch_size: 8", "per_device_train_batch_size: ^-8", "at least 1"),
    Bad("gradient_accumulation_steps: 1", "gradient_accumulation_steps: ^0", "at least 1"),
    Bad("weight_decay: 0.0", "weight_decay: ^-0.1", "at least 0"),
    Bad("adam_beta1: 0.9", "adam_beta1: ^1", "less than 1"),
    Bad("max_steps: 10", "max_steps: ^0", "-1 for no limit"),
    Bad("sample_count: 10", "sample_count: ^0", "at least 1"),
    Bad("mixture_proportion: 1.0", "mixture_proportion: ^1.5", "at most 1"),
    Bad("mixture_proportion: 1.0", "mixture_proportion: ^0.5", "they must sum to 1"),
    Bad("seed: 42", "seed: ^4294967296", "at most 4294967295"),
    Bad("eval_steps: 5", "eval_steps: ^1.5", "a share of all steps"),
    # Fields that do not go together, or mean nothing here.
    Bad("warmup_ratio: 0.1", "warmup_ratio: 0.1\n  warmup_steps: ^5", "keep one of the two"),
    Bad("seed: 42", "seed: 42\n  trainer_kwargs: ^{bf16: true}", "write trainer_type: hf"),
    Bad("seed: 42", "seed: 42\n  dataloader_prefetch_factor: ^2", "has no effect without"),
    Bad("device_map: cpu", "attn_implementation: ^sdpa", "is for transformers models"),
    Bad("device_map: cpu", "load_pretrained_weights: ^true", "which starts fresh"),
    Bad("trainer_type: oumi", "trainer_type: ^TRL_DPO", "is for preference tuning"),
    Bad("seed: 42", "seed: 42\n  grpo: ^{num_generations: 4}", "is for reinforcement learning"),
    Bad("device_map: cpu", "chat_template: ^llama3-instruct", "is for chat"),
    Bad("lora_r: 8", "q_lora: ^true", "is for quantised weights"),
    # The text itself.
    Bad("output_dir: out", "output_dir: ^!!python/object/apply:os.system [ls]", "is not allowed"),
    Bad("output_dir: out", "output_dir: ^*nothing", "no anchor &nothing"),
    Bad("output_dir: out", "^\toutput_dir: out", "not valid YAML", hides=True),
    Bad("output_dir: out", "output_dir: {out", "not valid YAML", hides=True),
    Bad("output_dir: out", f"output_dir: {'[' * 99}^{'[' * 101}", "levels deep", hides=True),
    Bad(
        "output_dir: out",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"  {b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in itertools.pairwise("abcdef")),
        "more than 100000 values",
        hides=True,
    ),
    Bad("output_dir: out", f"output_dir: {'x' * 1_000_001}", "the file is too large", hides=True),
]  # fmt: skip


def pairs() -> list[tuple[Bad, Bad]]:
    """Returns each mistake with some of the others that can stand in one file."""
    told = [bad for bad in MISTAKES if not bad.hides]
    found = []
    for at, first in enumerate(told):
        for step in (1, 2, 7, 19):
            second = told[(at + step) % len(told)]
            if first.line != second.line and not _is_above(first, second):
                found.append((first, second))
    return found


def _is_above(first: Bad, second: Bad) -> bool:
    """Says whether one takes away what the other is about."""
    lines = {first.line, second.line}
    return any(above in lines and lines & set(below) for above, below in _ABOVE.items())


_ABOVE = {
    "model:": [
        "model_name: Mine", "vocab_size: 100", "hidden_dim: 8", "device_map: cpu",
        "freeze_layers: []", "torch_dtype_str: float32",
    ],
    "model_name: Mine": ["vocab_size: 100", "hidden_dim: 8", "device_map: cpu"],
    "- dataset_name: my_data": ["text_column: text"],
    "lr_scheduler_type: cosine": ["num_cycles: 0.5"],
    "trainer_type: oumi": ["seed: 42"],
}  # fmt: skip


def text_with(*mistakes: Bad) -> str:
    """Returns the text of a config with mistakes in it, their marks included."""
    lines = BASE.split("\n")
    for bad in mistakes:
        (at,) = [n for n, line in enumerate(lines) if line.strip() == bad.line]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at] = indent + bad.text
    return "\n".join(lines)


def places_in(text: str) -> list[tuple[int, int]]:
    """Returns the line and column, from 1, of every mark in a text."""
    return [
        (number, line.index("^") + 1)
        for number, line in enumerate(text.split("\n"), start=1)
        if "^" in line
    ]


def write_project(folder: Path) -> None:
    """Writes the files that the configs name."""
    for name, text in PROJECT.items():
        (folder / name).write_text(text)
