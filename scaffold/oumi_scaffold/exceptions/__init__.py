"""Every error that the scaffold raises on purpose.

An error class is given facts and composes the message: what was given, what is allowed,
what to do. `exit_code` is what the command line returns for it: 2 for bad input, 3 for
a conflict with what exists (nothing was written), 1 for work that failed.
"""

from oumi_scaffold.exceptions.base import ScaffoldError, shown
from oumi_scaffold.exceptions.demo import DemoError
from oumi_scaffold.exceptions.inputs import (
    DataFileError,
    MissingExtraError,
    NoRunError,
    WrapError,
)
from oumi_scaffold.exceptions.requests import (
    BadSettingError,
    DataOptionError,
    InvalidNameError,
    InvalidValueError,
    NameListError,
    NameTakenError,
    SettingsError,
    UnknownChoiceError,
)
from oumi_scaffold.exceptions.templates import (
    AnswerError,
    BadTemplateNameError,
    CheckFailedError,
    HookError,
    TemplateError,
    TemplateSourceError,
)
from oumi_scaffold.exceptions.updating import (
    ChangedFilesError,
    MergeError,
    NewerVersionError,
    NothingGeneratedError,
    UnresolvedError,
    UpdateConflictError,
    UpdateError,
)
from oumi_scaffold.exceptions.writing import (
    BusyError,
    ConflictError,
    JournalError,
    ManifestError,
    NotEmptyError,
    QuitError,
    UnfinishedError,
    UnsafePathError,
    WriteError,
)

__all__ = [
    "ScaffoldError",
    "shown",
    "InvalidNameError",
    "NameTakenError",
    "UnknownChoiceError",
    "BadSettingError",
    "InvalidValueError",
    "DataOptionError",
    "NameListError",
    "SettingsError",
    "UnsafePathError",
    "ConflictError",
    "NotEmptyError",
    "QuitError",
    "BusyError",
    "WriteError",
    "UnfinishedError",
    "JournalError",
    "ManifestError",
    "TemplateError",
    "AnswerError",
    "TemplateSourceError",
    "BadTemplateNameError",
    "CheckFailedError",
    "HookError",
    "DataFileError",
    "WrapError",
    "NoRunError",
    "MissingExtraError",
    "ChangedFilesError",
    "UpdateConflictError",
    "UnresolvedError",
    "MergeError",
    "UpdateError",
    "NewerVersionError",
    "NothingGeneratedError",
    "DemoError",
]
