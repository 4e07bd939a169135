"""Runs a generated model's test suite on a mutant of it, up to the first failure."""

import importlib.util
import inspect
import linecache
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, ModuleType

import libcst as cst
import numpy as np
import torch
from planting import Fault

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.testing import CHECKS, ModelCase, NotApplicableError

# The project's config is no part of the source that is mutated, and takes seconds.
_TESTED = [check for check in CHECKS if not check.is_slow and check.theme != "project"]
# What takes long comes last, as measured: few faults are left for it.
_LONG = (
    "every_input_matters",
    "no_device_is_written_in",
    "every_constructor_argument_has_an_effect",
    "overfits_one_batch",
    "gradients_are_those_of_the_loss",
    "training_starts_everywhere",
)
ORDER = [check for check in _TESTED if check.name not in _LONG] + [
    check for name in _LONG for check in _TESTED if check.name == name
]
LIMIT_S = 60.0


@dataclass(frozen=True)
class Cell:
    """A generated model, its tests and its config, in a project of its own."""

    task: str
    arch: str
    project: Path
    module: str

    @property
    def model_file(self) -> Path:
        """The model's source."""
        return self.project / "models" / f"{self.module}.py"

    @property
    def source(self) -> str:
        """The text of it."""
        return self.model_file.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Mutant:
    """A cell with one fault planted."""

    cell: Cell
    fault: Fault
    number: int
    source: str


def mutants(cell: Cell, faults: list[Fault]) -> Iterator[Mutant]:
    """The cell with each fault, at each place where it fits."""
    source = cell.source
    module = cst.parse_module(source)
    for fault in faults:
        seen = {source}
        for number, planted in enumerate(fault.plant(module)):
            if planted.code not in seen and _is_python(planted.code):
                seen.add(planted.code)
                yield Mutant(cell, fault, number, planted.code)


def _is_python(source: str) -> bool:
    """Whether it compiles; what does not, nobody needs a test to catch."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def killer(cell: Cell, source: str, first: str | None = None) -> str | None:
    """The first test of the generated suite that fails, or None if all pass.

    Args:
        cell: The model's project; its source is overwritten.
        source: The model's source.
        first: The test to begin with: the one that is likely to fail.
    """
    try:
        with _time_limit(LIMIT_S), _imported(cell, source) as tests:
            if isinstance(tests, str):
                return tests
            ordered = sorted(_all_tests(tests), key=lambda test: test[0] != first)
            return next((name for name, run in ordered if _fails(run)), None)
    except OvertimeError:
        return "time limit"


class OvertimeError(BaseException):
    """A mutant took too long; no Exception, since checks look at those."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Ends the block once it has used so much time of a processor."""

    def stop(signal_number: int, frame: FrameType | None) -> None:
        raise OvertimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _all_tests(tests: ModuleType) -> Iterator[tuple[str, Callable[[], None]]]:
    """The checks, then the model's own tests, each with its name."""
    case = ModelCase(tests.make_model, tests.make_batch)
    for check in ORDER:
        yield check.name, partial(check, case)
    for name, test in inspect.getmembers(tests, inspect.isfunction):
        if name.startswith("test_") and not hasattr(test, "pytestmark"):
            yield f"own {name}", test


def _fails(test: Callable[[], None]) -> bool:
    try:
        with _undisturbed():
            test()
    except NotApplicableError:
        return False
    except Exception:
        return True
    return False


@contextmanager
def _imported(cell: Cell, source: str) -> Iterator[ModuleType | str]:
    """The test module of a cell whose model has the given source."""
    name = f"models.{cell.module}"
    before = dict(sys.modules)
    cell.model_file.write_text(source, encoding="utf-8")
    linecache.clearcache()
    try:
        with REGISTRY.isolated(), _undisturbed():
            try:
                sys.modules["models"] = ModuleType("models")
                sys.modules[name] = _load(name, cell.model_file)
                path = cell.project / "tests" / f"test_{cell.module}.py"
                tests = _load(f"mutated_{cell.module}", path)
            except Exception as error:
                yield f"import: {type(error).__name__}"
                return
            yield tests
    finally:
        for added in set(sys.modules) - set(before):
            if added.startswith(("models", "mutated_")):
                del sys.modules[added]


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    exec(code, module.__dict__)
    return module


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Undoes what a mutant does to the process; a warning is an error."""
    dtype = torch.get_default_dtype()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(dtype)


def seeded(function: Callable[[], str | None]) -> str | None:
    """Calls with the same random numbers each time."""
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    return function()
