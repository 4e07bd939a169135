"""Data that is missing, wrong or changed, down to the row."""

from pathlib import Path

from oumi_runtime.exceptions.base import OumiRuntimeError


class DataError(OumiRuntimeError, ValueError):
    """A dataset, or one of its rows, cannot be used."""

    exit_code = 2


class DatasetArgumentError(DataError, TypeError):
    """A dataset's constructor is given an argument that it does not take."""


class BadRowError(DataError):
    """A row of a dataset cannot be read, transformed or put into a batch."""

    def __init__(self, message: str) -> None:
        """Takes the sentence; or the traceback that ends with it.

        A data loader's worker hands on its errors as the text of their tracebacks. The
        sentence is then what is said, and the traceback a note for who looks deeper.
        """
        *above, sentence = message.strip().split("\n")
        super().__init__(sentence.removeprefix(f"{__name__}.BadRowError: "))
        if above:
            self.add_note(message)


class BadSampleError(DataError):
    """One of several samples cannot be used; whoever knows its row says which.

    Attributes:
        sample: Its place among the samples, from 0.
        reason: What is wrong with it.
    """

    def __init__(self, sample: int, reason: str) -> None:
        super().__init__(f"row {sample + 1}: {reason}")
        self.sample = sample
        self.reason = reason


class TooManyBadSamplesError(DataError):
    """More samples cannot be used than may be left out."""

    exit_code = 1

    def __init__(self, limit: int, where: str, reason: str) -> None:
        super().__init__(
            f"more than the {limit:,} samples of data.max_bad_samples cannot be used, "
            f"the latest {where}: {reason}"
        )


class ChangedDataError(DataError):
    """A file of the data has been changed while a run was using it."""

    exit_code = 1

    def __init__(self, path: str | Path, *, is_gone: bool) -> None:
        what = "deleted" if is_gone else "changed"
        super().__init__(
            f"{path} was {what} while the run was using it; restore it and resume "
            "from the last checkpoint, or start a new run with its current contents"
        )


class DataWorkerError(OumiRuntimeError, RuntimeError):
    """A process that loads data has died."""

    def __init__(
        self, reason: str, saved: Path | None, *, is_training: bool = True
    ) -> None:
        advice = "lower training.dataloader_num_workers"
        if is_training:
            keep = f"the last checkpoint is {saved}" if saved else "nothing was saved"
            advice = f"{keep}; {advice}, and resume with --auto-resume"
        super().__init__(
            f"a data loading process has died ({reason}), most likely because memory "
            f"ran out; {advice}"
        )
