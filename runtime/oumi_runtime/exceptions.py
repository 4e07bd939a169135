"""Every error that the runtime raises, and how it words its sentence.

An error takes facts and writes one line from them: what was given, what is allowed,
what to do. `exit_code` is what the command line returns for it.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar


class OumiRuntimeError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """Returns the allowed name that is nearest to a misspelt one, or None.

    Names are compared without regard to case, `_` or `-`.
    """
    folded = {name.lower().replace("-", "_"): name for name in allowed}
    key = given.lower().replace("-", "_")
    found = difflib.get_close_matches(key, folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Returns " (did you mean 'x'?)" for the nearest allowed name, or ""."""
    near = nearest(given, allowed)
    return f" (did you mean {str(near)!r}?)" if near else ""


class SavedModelError(OumiRuntimeError, ValueError):
    """A model cannot be written to, or read back from, a folder."""

    exit_code = 2


class MissingModelError(SavedModelError, FileNotFoundError):
    """A folder that should hold a saved model does not."""

    def __init__(self, folder: str | Path, filename: str) -> None:
        super().__init__(
            f"{folder} holds no {filename}; give a folder that save_pretrained wrote"
        )


class ModelBuildError(OumiRuntimeError, ValueError):
    """A model cannot be built from its config."""

    exit_code = 2


class DeviceError(OumiRuntimeError, ValueError):
    """A device or dtype is asked for that this machine does not have."""

    exit_code = 2


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


class ChangedDataError(DataError):
    """A file of the data has been changed while a run was using it."""

    exit_code = 1

    def __init__(self, path: str | Path, *, is_gone: bool) -> None:
        what = "deleted" if is_gone else "changed"
        super().__init__(
            f"{path} was {what} while the run was using it; put it back as it was and "
            "go on from the last checkpoint, or begin anew with what it holds now"
        )


class TooManyBadSamplesError(DataError):
    """More samples cannot be used than may be left out."""

    exit_code = 1

    def __init__(self, limit: int, where: str, reason: str) -> None:
        super().__init__(
            f"more than the {limit:,} samples of data.max_bad_samples cannot be used, "
            f"the latest {where}: {reason}"
        )


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


class CheckpointError(OumiRuntimeError, ValueError):
    """A checkpoint is missing, incomplete or does not belong to this run."""

    exit_code = 2


class UnsafeFileError(OumiRuntimeError, ValueError):
    """A file is not what its name says, or nothing that may be read."""

    exit_code = 2

    def __init__(self, path: str | Path, problem: str) -> None:
        self.path = Path(path)
        self.problem = problem
        super().__init__(f"{path} {problem}")


class DiskFullError(OumiRuntimeError, OSError):
    """There is no room on the disk for what is to be written."""

    def __init__(self, path: Path, needed: int | None, free: int) -> None:
        needs = "more bytes than there are" if needed is None else f"{needed:,} bytes"
        super().__init__(
            f"no room to write {path}: it needs {needs} and {free:,} are "
            "free; make room, or set training.save_total_limit, and go on with "
            "--auto-resume"
        )


class OutputInUseError(OumiRuntimeError, RuntimeError):
    """Another run that is alive writes to the output folder."""

    exit_code = 3

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"{folder} is in use by another run, {holder}; wait for it, end it, or "
            "name another folder in training.output_dir"
        )


class OutputFolderError(OumiRuntimeError, OSError):
    """The output folder cannot be written to."""

    exit_code = 2

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"training.output_dir {folder} cannot be written to: {reason}; name "
            "another folder"
        )


class ChangedConfigError(CheckpointError):
    """A checkpoint is of another config, or of other data, than is to go on."""

    def __init__(self, checkpoint: Path, changes: Iterable[str]) -> None:
        super().__init__(
            f"cannot go on from {checkpoint}: {'; '.join(changes)}. Change it back, "
            "start anew in another training.output_dir, or set training.force_resume"
        )


class TrainingStoppedError(OumiRuntimeError, RuntimeError):
    """A training was ended before its last step, and has saved where it is."""

    def __init__(
        self, cause: str, signal_number: int, step: int, saved: Path | None
    ) -> None:
        # What a job scheduler's time limit would give: to be started again.
        self.exit_code = 128 + (2 if signal_number == 2 else 15)  # type: ignore[misc]
        super().__init__(
            f"stopped after step {step} by {cause}; "
            + (f"saved {saved}" if saved else "nothing was saved")
            + "; go on with --auto-resume"
        )


class DataWorkerError(OumiRuntimeError, RuntimeError):
    """A process that loads data has died."""

    def __init__(self, reason: str, saved: Path | None) -> None:
        keep = f"the last checkpoint is {saved}" if saved else "nothing was saved yet"
        super().__init__(
            f"a process that loads data has died ({reason}), most often because the "
            f"memory ran out; {keep}. Lower training.dataloader_num_workers, and go "
            "on with --auto-resume"
        )


class NonFiniteLossError(OumiRuntimeError, ArithmeticError):
    """The training loss became NaN or infinite."""

    def __init__(
        self, step: int, last_good: Path | None, where: str | None = None
    ) -> None:
        keep = (
            f"the last good checkpoint is {last_good}"
            if last_good
            else "no checkpoint was saved yet"
        )
        place = f": {where}" if where else ""
        super().__init__(
            f"the loss or gradient is not finite at step {step}{place}; {keep}. Lower "
            "training.learning_rate, or set training.max_grad_norm, and start again"
        )


class SearchRangeError(OumiRuntimeError, ValueError):
    """What is to be tried out makes no range."""

    exit_code = 2


class NoBatchFitsError(OumiRuntimeError, MemoryError):
    """Not even the smallest batch that was to be tried can be trained on."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"no batch size is possible: {reason}; begin with a smaller one, make the "
            "model smaller, or set training.enable_gradient_checkpointing"
        )


class TrainingMetricError(OumiRuntimeError, KeyError):
    """A metric that the training is to go by is not measured."""

    exit_code = 2

    def __init__(self, metric: str, measured: Iterable[str]) -> None:
        names = sorted(name for name in measured if name.startswith("eval_"))
        super().__init__(
            f"training.metric_for_best_model is {metric!r}, which no evaluation "
            f"measures{suggestion(metric, names)}; there are {', '.join(names)}"
        )

    def __str__(self) -> str:
        # KeyError shows the repr of its argument.
        return str(self.args[0])


class InvalidNameError(OumiRuntimeError, ValueError):
    """Something cannot be registered under what is given as its name."""

    exit_code = 2

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"a {kind} cannot be registered as {name!r}: give it a name")


class DuplicateNameError(OumiRuntimeError, ValueError):
    """Two things want the same registered name."""

    exit_code = 2

    def __init__(self, kind: str, name: str, first: str, second: str) -> None:
        super().__init__(
            f"two {kind}s are registered as {name!r}: {first} and {second}; "
            "give one of them another name"
        )


class NotRegisteredError(OumiRuntimeError, LookupError):
    """A user's file declares a name but does not register it when imported."""

    exit_code = 2

    def __init__(self, kind: str, name: str, place: str) -> None:
        super().__init__(
            f"{place} declares the {kind} {name!r}, but importing the file did not "
            "register it; move the registration out of any condition"
        )


class UnknownNameError(OumiRuntimeError, KeyError):
    """A name that is not registered, and that none of the user's files declares."""

    exit_code = 2

    def __init__(
        self, kind: str, name: str, known: Iterable[str], looked: Iterable[str]
    ) -> None:
        names = sorted(dict.fromkeys(known))
        near = suggestion(name, names)
        if not near and 0 < len(names) <= 10:
            near = f" (there are {', '.join(names)})"
        given = repr(name) if len(name) <= 60 else f"{name[:57]!r}..."
        super().__init__("; ".join([f"no {kind} is named {given}{near}", *looked]))

    def __str__(self) -> str:
        # KeyError shows the repr of its argument.
        return str(self.args[0])


class RegisteredValueError(OumiRuntimeError, TypeError):
    """What is registered under a name makes something of another kind."""

    exit_code = 2

    def __init__(self, kind: str, name: str, made: object, needed: type) -> None:
        super().__init__(
            f"the {kind} {name!r} makes a {type(made).__name__}, which is no "
            f"{needed.__module__}.{needed.__qualname__}"
        )


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a config.

    Attributes:
        place: `file:line:column`, or `argument --key`; "" where it was made in Python.
        key: The way to the field, such as `training.max_steps`; "" for the whole.
        sentence: What was given, what is allowed, what to do.
    """

    place: str
    key: str
    sentence: str

    def __str__(self) -> str:
        what = f"{self.key}: {self.sentence}" if self.key else self.sentence
        return f"{self.place}  {what}" if self.place else what


class ConfigError(OumiRuntimeError, ValueError):
    """A config has mistakes; its text has a line for each."""

    exit_code = 2

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class ConfigFileError(ConfigError, FileNotFoundError):
    """A config file is missing, or is not a file."""

    def __init__(self, path: Path, problem: str, near: Iterable[str] = ()) -> None:
        sentence = f"the file {problem}{suggestion(str(path), near)}"
        super().__init__([Mistake(str(path), "", sentence)])


class SectionError(OumiRuntimeError, ValueError):
    """Fields of one config section do not go together; ConfigError gathers these.

    Attributes:
        wrong: What is wrong with each field. A field is named as in `train.datasets`,
            or by the parts of its key: `("model_kwargs", "a.b")`.
        rests_on: Other fields that a field's sentence is about. It is not said of a
            file in which the value of one of them could not be read.
    """

    exit_code = 2

    def __init__(
        self,
        wrong: Mapping[Any, str],
        rests_on: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self.wrong: dict[str | tuple[str | int, ...], str] = dict(wrong)
        self.rests_on = {name: tuple(on) for name, on in (rests_on or {}).items()}
        named = (
            f"{name if isinstance(name, str) else '.'.join(map(str, name))}: {why}"
            for name, why in wrong.items()
        )
        super().__init__("; ".join(named))


class MissingExtraError(OumiRuntimeError, ModuleNotFoundError):
    """A library that only some users need is asked for, but not installed."""

    exit_code = 2

    def __init__(self, package: str, asked_by: str, extra: str | None = None) -> None:
        super().__init__(
            f"{asked_by} needs {package}, which is not installed; run "
            f"pip install 'oumi-scaffold[{extra or package}]', or switch it off"
        )
