"""The training section: how long, how fast, in what precision, and what is kept."""

from typing import Annotated

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
    """How the model is trained. A step is one change of the parameters."""

    trainer_type: Annotated[TrainerType | str, TRAINER] = TrainerType.OUMI
    """`oumi`, the native trainer; `hf`, the Trainer of transformers; or a registered
    one."""

    trainer_kwargs: Kwargs = Field(default_factory=dict)
    """More arguments of the Trainer of transformers (its TrainingArguments), by name;
    the native trainer takes none."""

    callbacks: Names = Field(default_factory=list)
    """Registered callbacks, which hear of every step, log line and checkpoint."""

    use_peft: StrictBool = False
    """Whether to train added weights only, as the `peft` section says."""

    output_dir: StrictStr = "output"
    """The folder for checkpoints, the final model and the record of the run."""

    per_device_train_batch_size: Natural = 8
    """Samples in a micro-batch on each device, at least 1."""

    per_device_eval_batch_size: Natural = 8
    """Samples in a batch on each device while measuring, at least 1."""

    gradient_accumulation_steps: Natural = 1
    """Micro-batches in a step, at least 1."""

    max_steps: StepLimit = -1
    """Steps after which to stop, at least 1. -1 leaves it to `num_train_epochs`, which
    has no say otherwise."""

    num_train_epochs: Natural = 3
    """Passes over the training data, at least 1, where `max_steps` is -1."""

    seed: Seed = 42
    """The seed of fresh weights, dropout and the like; 0 to 2**32 - 1."""

    data_seed: Seed = 42
    """The seed of the order of samples; 0 to 2**32 - 1."""

    use_deterministic: StrictBool = False
    """Whether to use only operations that give the same bits each time; slower."""

    full_determinism: StrictBool = False
    """`use_deterministic`, and the same of the libraries below, at any cost in speed;
    for debugging."""

    run_name: StrictStr | None = None
    """What to call the run in its record; None for the name of `output_dir`."""

    metrics_function: StrictStr | None = None
    """The registered metrics function to measure with; None for the loss alone."""

    log_level: Annotated[StrictStr, LOG_LEVEL] = "info"
    """The least of our messages that is shown: debug, info, warning, error or
    critical."""

    dep_log_level: Annotated[StrictStr, LOG_LEVEL] = "warning"
    """The least of the messages of other packages that is shown; one of the same."""

    log_examples: StrictBool = False
    """Whether to log the first batch, with its texts decoded."""

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
    """Steps between log lines, at least 1, where `logging_strategy` is `steps`."""

    logging_first_step: StrictBool = False
    """Whether to log the first step too."""

    eval_strategy: Annotated[StrictStr, choice("no", "steps", "epoch")] = "no"
    """When to measure on `data.validation`: `no`, every `eval_steps` `steps`, or after
    each `epoch`."""

    eval_steps: StepsOrShare = 500
    """Steps between measurements where `eval_strategy` is `steps`: a whole number, at
    least 1, or a share of all steps, such as 0.1."""

    include_performance_metrics: StrictBool = False
    """Whether to log speed as well: tokens a second, model FLOPs utilization, and the
    shares of the time that went to waiting for data, to Python, and to a GPU."""

    include_alternative_mfu_metrics: StrictBool = False
    """Whether to log utilization by other ways of counting too."""

    label_ignore_index: StrictInt | None = None
    """The label that no loss or metric counts, and that padding gets; None for -100."""

    dataloader_num_workers: CountOrAuto = 0
    """Processes that load data, on each device; 0 loads in the training process, and
    `auto` takes as many as suit the machine."""

    dataloader_persistent_workers: StrictBool = False
    """Whether these processes live on from one epoch to the next."""

    dataloader_prefetch_factor: Natural | None = None
    """Batches that each of them has ready, at least 1; None for 2."""

    dataloader_main_process_only: Annotated[
        StrictBool | None, AfterValidator(_each_reads_its_own)
    ] = None
    """Never true: each process reads its own part of the one order of samples."""

    ddp_find_unused_parameters: StrictBool | None = None
    """Whether DistributedDataParallel looks for parameters that got no gradient; None
    for no."""

    nccl_default_timeout_minutes: Positive | None = None
    """How long processes wait for each other, in minutes; None for torch's default."""

    empty_device_cache_steps: Natural | None = None
    """Steps between givings back of unused GPU memory, at least 1; None for never."""

    profiler: ProfilerParams = Field(default_factory=ProfilerParams)
    """What of the training is profiled."""

    telemetry: TelemetryParams = Field(default_factory=TelemetryParams)
    """What the training measures of itself."""

    def __finalize_and_validate__(self) -> None:
        """Checks what goes together, and what does not."""
        wrong = self._optimization_mistakes()
        wrong.update(self._speed_mistakes())
        if self.trainer_type is TrainerType.HF:
            for name in _NATIVE_ONLY:
                if getattr(self, name) not in (None, False, "off", "auto"):
                    wrong[name] = "needs the native trainer; write trainer_type: oumi"
            for key, sentence in trainer_argument_mistakes(self.trainer_kwargs):
                wrong["trainer_kwargs", *key] = sentence
        if self.trainer_kwargs and self.trainer_type is TrainerType.OUMI:
            wrong["trainer_kwargs"] = (
                "are arguments of the Trainer of transformers; write trainer_type: hf, "
                "or leave them out"
            )
        if self.max_bad_steps and self.trainer_type is TrainerType.HF:
            wrong["max_bad_steps"] = "is the native trainer's; write trainer_type: oumi"
        if self.split_on_out_of_memory and self.cuda_graphs == "on":
            wrong["split_on_out_of_memory"] = "is not possible with cuda_graphs: on"
        if self.early_stopping_patience is not None and self.eval_strategy == "no":
            wrong["early_stopping_patience"] = (
                "needs evaluations; write eval_strategy: epoch, or steps"
            )
        if self.dataloader_num_workers == 0:
            needs = "has no effect without workers; raise dataloader_num_workers"
            if self.dataloader_prefetch_factor is not None:
                wrong["dataloader_prefetch_factor"] = needs
            if self.dataloader_persistent_workers:
                wrong["dataloader_persistent_workers"] = f"true {needs}"
        if wrong:
            rests_on = {
                "warmup_steps": ["warmup_ratio"],
                "trainer_kwargs": ["trainer_type"],
                "max_bad_steps": ["trainer_type"],
                "dataloader_prefetch_factor": ["dataloader_num_workers"],
                "dataloader_persistent_workers": ["dataloader_num_workers"],
                "lr_scheduler_kwargs": ["lr_scheduler_type"],
                "split_on_out_of_memory": ["cuda_graphs"],
                "early_stopping_patience": ["eval_strategy"],
                **{name: ["trainer_type"] for name in _NATIVE_ONLY},
            }
            raise SectionError(wrong, rests_on)


_NATIVE_ONLY = (
    "cuda_graphs",
    "data_on_device",
    "ema_decay",
    "group_by_length",
    "include_alternative_mfu_metrics",
    "include_performance_metrics",
    "overfit_batches",
    "split_on_out_of_memory",
)
