"""Every error that the runtime raises on purpose.

An error class is given facts and composes the message: what was given, what is allowed,
what to do. `exit_code` is what the command line returns for it.
"""

from oumi_runtime.exceptions.base import (
    MissingExtraError,
    OumiRuntimeError,
    first_line,
    nearest,
    suggestion,
)
from oumi_runtime.exceptions.configs import (
    ConfigError,
    ConfigFileError,
    Mistake,
    SectionError,
)
from oumi_runtime.exceptions.data import (
    BadRowError,
    BadSampleError,
    ChangedDataError,
    DataError,
    DatasetArgumentError,
    DataWorkerError,
    TooManyBadSamplesError,
)
from oumi_runtime.exceptions.export import (
    ExportConflictError,
    ExportError,
    ExportSourceError,
)
from oumi_runtime.exceptions.files import (
    ChangedConfigError,
    CheckpointError,
    DiskFullError,
    FailingDiskError,
    OutputFolderError,
    OutputInUseError,
    UnsafeFileError,
)
from oumi_runtime.exceptions.models import (
    DeviceError,
    MissingModelError,
    MissingOutputError,
    ModelBuildError,
    ModelForwardError,
    SavedModelError,
    SingleValueError,
    UnknownClassError,
    WrappingError,
)
from oumi_runtime.exceptions.processes import (
    DifferentProcessesError,
    LostProcessError,
    ProcessEnvironmentError,
    ProcessGroupError,
)
from oumi_runtime.exceptions.registry import (
    DuplicateNameError,
    InvalidNameError,
    NotRegisteredError,
    RegisteredValueError,
    UnknownNameError,
)
from oumi_runtime.exceptions.training import (
    ChangedSearchError,
    GpuIndexError,
    NoBatchFitsError,
    NonFiniteLossError,
    SearchRangeError,
    TrainerArgumentError,
    TrainingMetricError,
    TrainingStoppedError,
)

__all__ = [
    "ChangedSearchError",
    "OumiRuntimeError",
    "MissingExtraError",
    "first_line",
    "nearest",
    "suggestion",
    "InvalidNameError",
    "DuplicateNameError",
    "NotRegisteredError",
    "UnknownNameError",
    "RegisteredValueError",
    "Mistake",
    "ConfigError",
    "ConfigFileError",
    "SectionError",
    "SingleValueError",
    "UnknownClassError",
    "SavedModelError",
    "MissingModelError",
    "MissingOutputError",
    "ModelBuildError",
    "ModelForwardError",
    "DeviceError",
    "DataError",
    "DatasetArgumentError",
    "BadRowError",
    "BadSampleError",
    "TooManyBadSamplesError",
    "ChangedDataError",
    "DataWorkerError",
    "UnsafeFileError",
    "WrappingError",
    "DiskFullError",
    "OutputInUseError",
    "OutputFolderError",
    "CheckpointError",
    "ChangedConfigError",
    "TrainingStoppedError",
    "DifferentProcessesError",
    "FailingDiskError",
    "LostProcessError",
    "ProcessEnvironmentError",
    "ProcessGroupError",
    "NonFiniteLossError",
    "GpuIndexError",
    "TrainerArgumentError",
    "TrainingMetricError",
    "SearchRangeError",
    "NoBatchFitsError",
    "ExportError",
    "ExportSourceError",
    "ExportConflictError",
]
