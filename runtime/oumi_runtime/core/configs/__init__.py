"""What a run is told: typed sections, read from YAML and the command line.

Every mistake is found here, before torch is imported. Building what a section describes
is the builders' work.
"""

from oumi_runtime.core.configs.base_config import BaseConfig
from oumi_runtime.core.configs.params.base_params import BaseParams
from oumi_runtime.core.configs.params.data_params import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
)
from oumi_runtime.core.configs.params.model_params import ModelParams
from oumi_runtime.core.configs.params.training_params import (
    MixedPrecisionDtype,
    SchedulerType,
    TrainerType,
    TrainingParams,
)
from oumi_runtime.core.configs.training_config import TrainingConfig

__all__ = [
    "BaseConfig",
    "BaseParams",
    "ModelParams",
    "DataParams",
    "DatasetParams",
    "DatasetSplit",
    "DatasetSplitParams",
    "TrainingParams",
    "TrainingConfig",
    "TrainerType",
    "MixedPrecisionDtype",
    "SchedulerType",
]
