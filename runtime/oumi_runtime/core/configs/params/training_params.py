"""The training section: the trainer, the length of the run, logging and evaluation."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr

from oumi_runtime.core.configs.params.base_params import section
from oumi_runtime.core.configs.params.field_types import (
    CountOrAuto,
    Kwargs,
    Names,
    Natural,
    Positive,
    Seed,
    choice,
    wrong,
)
from oumi_runtime.core.configs.params.optimization_params import OptimizationParams
from oumi_runtime.core.configs.params.profiler_params import ProfilerParams
from oumi_runtime.core.configs.params.saving_params import SavingParams
from oumi_runtime.core.configs.params.speed_params import SpeedParams
from oumi_runtime.core.configs.params.telemetry_params import TelemetryParams
from oumi_runtime.core.configs.params.training_choices import (
    LOG_LEVEL,
    TRAINER,
    StepLimit,
    StepsOrShare,
    TrainerType,
)
from oumi_runtime.core.configs.params.trial_params import TrialParams
from oumi_runtime.core.configs.trainer_arguments import trainer_argument_mistakes
from oumi_runtime.exceptions import SectionError


def _each_reads_its_own(given: bool | None) -> bool | None:
    if given:
        raise wrong(
            "true is not possible: each process reads its own part of one order of "
            "samples, which gives the same batches; leave it out"
        )
    return given


@section
class TrainingParams(OptimizationParams, SpeedParams, TrialParams, SavingParams):
    """How the model is trained. A step is one optimizer step."""

    trainer_type: Annotated[TrainerType | str, TRAINER] = TrainerType.OUMI
    """`oumi`, the native trainer; `hf`, transformers.Trainer; or a registered
    trainer."""

    trainer_kwargs: Kwargs = Field(default_factory=dict)
    """Additional TrainingArguments for transformers.Trainer; the native trainer takes
    none."""

    callbacks: Names = Field(default_factory=list)
    """Registered callbacks, called at every step, log line and checkpoint."""

    use_peft: StrictBool = False
    """Whether to train only added weights, as configured in the `peft` section."""

    output_dir: StrictStr = "output"
    """The folder for checkpoints, the final model and the record of the run."""

    per_device_train_batch_size: Natural = 8
    """Samples in a micro-batch on each device, at least 1."""

    per_device_eval_batch_size: Natural = 8
    """Samples in a batch on each device during evaluation, at least 1."""

    gradient_accumulation_steps: Natural = 1
    """Micro-batches in a step, at least 1."""

    max_steps: StepLimit = -1
    """Steps after which to stop, at least 1. -1 for no limit but `num_train_epochs`,
    which is ignored otherwise."""

    num_train_epochs: Natural = 3
    """Passes over the training data, at least 1, if `max_steps` is -1."""

    seed: Seed = 42
    """The seed for weight initialization, dropout and so on; 0 to 2**32 - 1."""

    data_seed: Seed = 42
    """The seed for the order of the samples; 0 to 2**32 - 1."""

    use_deterministic: StrictBool = False
    """Whether to use only deterministic operations of torch; slower."""

    full_determinism: StrictBool = False
    """`use_deterministic`, and deterministic cuBLAS and cuDNN as well, whatever the
    cost in speed; for debugging."""

    run_name: StrictStr | None = None
    """The name of the run in its record; None for the name of `output_dir`."""

    metrics_function: StrictStr | None = None
    """The registered metrics function for evaluation; None for the loss alone. A
    function of your own is given all logits at once, which take memory; a class derived
    from `BatchMetrics` measures batch by batch."""

    log_level: Annotated[StrictStr, LOG_LEVEL] = "info"
    """The level from which messages of this package are shown: debug, info, warning,
    error or critical."""

    dep_log_level: Annotated[StrictStr, LOG_LEVEL] = "warning"
    """The level from which messages of other packages are shown."""

    log_examples: StrictBool = False
    """Whether to log the first sample, with its text decoded."""

    log_model_summary: StrictBool = False
    """Whether to log the modules of the model with their shapes and sizes."""

    enable_tensorboard: StrictBool = False
    """Whether to write event files for TensorBoard; `metrics.jsonl` is written in any
    case."""

    enable_wandb: StrictBool = False
    """Whether to send metrics to Weights & Biases."""

    enable_mlflow: StrictBool = False
    """Whether to send metrics to MLflow."""

    logging_dir: StrictStr | None = None
    """The folder for TensorBoard's files; None for `runs` in `output_dir`."""

    logging_strategy: Annotated[StrictStr, choice("steps", "epoch", "no")] = "steps"
    """When to log: every `logging_steps` `steps`, after each `epoch`, or `no`."""

    logging_steps: Natural = 50
    """Steps between log lines, at least 1, if `logging_strategy` is `steps`; the last
    step is logged in any case."""

    logging_first_step: StrictBool = False
    """Whether to log the first step too."""

    eval_strategy: Annotated[StrictStr, choice("no", "steps", "epoch")] = "no"
    """When to evaluate on `data.validation`: `no`, every `eval_steps` `steps`, or after
    each `epoch`."""

    eval_steps: StepsOrShare = 500
    """Steps between evaluations if `eval_strategy` is `steps`: a whole number, at least
    1, or a fraction of all steps, such as 0.1."""

    include_performance_metrics: StrictBool = False
    """Whether to log speed as well: tokens per second, model FLOPs utilization (MFU),
    and the fractions of time spent waiting for data, in Python, and on the GPU."""

    include_alternative_mfu_metrics: StrictBool = False
    """Whether to also log MFU estimated as 6 FLOPs per parameter and token."""

    label_ignore_index: StrictInt | None = None
    """The label that losses and metrics ignore, also used for padding; None for
    -100."""

    dataloader_num_workers: CountOrAuto = 0
    """Data loading processes for each device; 0 loads in the training process, and
    `auto` chooses a number that suits the machine."""

    dataloader_persistent_workers: StrictBool = False
    """Whether to keep these processes alive between epochs."""

    dataloader_prefetch_factor: Natural | None = None
    """Batches that each of them loads in advance, at least 1; None for 2."""

    dataloader_main_process_only: Annotated[
        StrictBool | None, AfterValidator(_each_reads_its_own)
    ] = None
    """Must not be true: each process reads its own part of the samples."""

    ddp_find_unused_parameters: StrictBool | None = None
    """Whether DistributedDataParallel looks for parameters without a gradient; None for
    no."""

    nccl_default_timeout_minutes: Positive | None = None
    """How long processes wait for each other, in minutes; None for torch's default."""

    empty_device_cache_steps: Natural | None = None
    """Steps between releases of unused GPU memory, at least 1; None for never."""

    profiler: ProfilerParams = Field(default_factory=ProfilerParams)
    """How to profile the training."""

    telemetry: TelemetryParams = Field(default_factory=TelemetryParams)
    """What to measure during the training."""

    def __finalize_and_validate__(self) -> None:
        """Checks for fields that contradict or do not affect each other."""
        wrong = self._optimization_mistakes() | dict(self._speed_mistakes())
        broken = [rule for rule in _RULES if rule.is_broken(self)]
        wrong.update((rule.field, rule.sentence) for rule in broken)
        if self.trainer_type is TrainerType.HF:
            for key, sentence in trainer_argument_mistakes(self.trainer_kwargs):
                wrong["trainer_kwargs", *key] = sentence
        if wrong:
            rests_on = {
                "warmup_steps": ["warmup_ratio"],
                "lr_scheduler_kwargs": ["lr_scheduler_type"],
                "trainer_kwargs": ["trainer_type"],
                **{rule.field: [rule.rests_on] for rule in broken},
            }
            raise SectionError(wrong, rests_on)


class _Rule(NamedTuple):
    """A rule that joins two fields."""

    field: str
    """The field to blame if the rule is broken."""
    rests_on: str
    """The other field, which has to be valid before the rule can be checked."""
    is_broken: Callable[[TrainingParams], bool]
    sentence: str


def _native_only(field: str) -> _Rule:
    def is_broken(params: TrainingParams) -> bool:
        is_used = getattr(params, field) not in (None, False, "off", "auto")
        return is_used and params.trainer_type is TrainerType.HF

    sentence = "needs the native trainer; write trainer_type: oumi"
    return _Rule(field, "trainer_type", is_broken, sentence)


_NO_WORKERS = "has no effect without workers; raise dataloader_num_workers"

_RULES = (
    _native_only("cuda_graphs"),
    _native_only("data_on_device"),
    _native_only("ema_decay"),
    _native_only("group_by_length"),
    _native_only("include_alternative_mfu_metrics"),
    _native_only("include_performance_metrics"),
    _native_only("max_bad_steps"),
    _native_only("overfit_batches"),
    _native_only("split_on_out_of_memory"),
    _Rule(
        "trainer_kwargs",
        "trainer_type",
        lambda p: bool(p.trainer_kwargs) and p.trainer_type is TrainerType.OUMI,
        "are arguments of the Trainer of transformers; write trainer_type: hf, or "
        "leave them out",
    ),
    _Rule(
        "split_on_out_of_memory",
        "cuda_graphs",
        lambda p: p.split_on_out_of_memory and p.cuda_graphs == "on",
        "is not possible with cuda_graphs: on",
    ),
    _Rule(
        "early_stopping_patience",
        "eval_strategy",
        lambda p: p.early_stopping_patience is not None and p.eval_strategy == "no",
        "needs evaluations; write eval_strategy: epoch, or steps",
    ),
    _Rule(
        "save_best",
        "eval_strategy",
        lambda p: p.save_best > 0 and p.eval_strategy == "no",
        "needs evaluations; write eval_strategy: epoch, or steps",
    ),
    _Rule(
        "dataloader_prefetch_factor",
        "dataloader_num_workers",
        lambda p: (
            p.dataloader_prefetch_factor is not None and p.dataloader_num_workers == 0
        ),
        _NO_WORKERS,
    ),
    _Rule(
        "dataloader_persistent_workers",
        "dataloader_num_workers",
        lambda p: p.dataloader_persistent_workers and p.dataloader_num_workers == 0,
        f"true {_NO_WORKERS}",
    ),
)
