"""The config of a run: typed sections, read from YAML and the command line.

Mistakes are found here, before torch is imported. `oumi_runtime.builders` builds the
objects that a section describes.
"""

from oumi_runtime.core.configs.base_config import BaseConfig
from oumi_runtime.core.configs.params.base_params import BaseParams
from oumi_runtime.core.configs.params.data_params import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    MixtureStrategy,
)
from oumi_runtime.core.configs.params.fsdp_params import (
    AutoWrapPolicy,
    BackwardPrefetch,
    FSDPParams,
    ShardingStrategy,
    StateDictType,
)
from oumi_runtime.core.configs.params.model_params import ModelParams
from oumi_runtime.core.configs.params.optimization_params import ParameterGroupParams
from oumi_runtime.core.configs.params.peft_params import (
    LoraWeightInitialization,
    PeftParams,
    PeftSaveMode,
    TaskType,
)
from oumi_runtime.core.configs.params.profiler_params import (
    ProfilerParams,
    ProfilerScheduleParams,
)
from oumi_runtime.core.configs.params.telemetry_params import TelemetryParams
from oumi_runtime.core.configs.params.training_choices import (
    MixedPrecisionDtype,
    SchedulerType,
    TrainerType,
)
from oumi_runtime.core.configs.params.training_params import TrainingParams
from oumi_runtime.core.configs.training_config import TrainingConfig

__all__ = [
    "BaseConfig",
    "BaseParams",
    "TrainingConfig",
    "ModelParams",
    "DataParams",
    "DatasetParams",
    "DatasetSplit",
    "DatasetSplitParams",
    "MixtureStrategy",
    "TrainingParams",
    "ParameterGroupParams",
    "TrainerType",
    "MixedPrecisionDtype",
    "SchedulerType",
    "ProfilerParams",
    "ProfilerScheduleParams",
    "TelemetryParams",
    "PeftParams",
    "LoraWeightInitialization",
    "PeftSaveMode",
    "TaskType",
    "FSDPParams",
    "ShardingStrategy",
    "StateDictType",
    "BackwardPrefetch",
    "AutoWrapPolicy",
]
