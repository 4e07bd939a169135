"""Declares checks: documented functions with needs, which may be slow.

    @check(needs=[token_ids])
    def check_padding_does_not_matter(case: ModelCase) -> None:
        ...

A need is a function of the case that returns why the check does not apply, or "".
"""

import inspect
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

import torch

from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)


class Case(Protocol):
    """What is under test, such as a model or a dataset."""

    @property
    def noun(self) -> str:
        """What it is called in messages."""
        ...


C = TypeVar("C", bound=Case, contravariant=True)


@dataclass(frozen=True)
class Check(Generic[C]):
    """A check, which is called with a case."""

    name: str
    """Stable, since tests are selected, and expected to fail, by name."""
    function: Callable[[C], None]
    needs: tuple[Callable[[C], str], ...]
    is_slow: bool

    @property
    def theme(self) -> str:
        """The topic of the check: the name of its module."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def catches(self) -> str:
        """The first sentence of its documentation."""
        return self.documentation.split("\n\n")[0].replace("\n", " ")

    @property
    def documentation(self) -> str:
        """What it catches, an example of the mistake, and how to read the failure."""
        return inspect.getdoc(self.function) or ""

    def __call__(self, case: C) -> None:
        """Checks a case.

        Raises:
            CheckFailedError: It fails; the message says where to look.
            NotApplicableError: The check does not apply to it.
        """
        __tracebackhide__ = True
        try:
            with _plain_attention():
                for need in self.needs:
                    if reason := need(case):
                        raise NotApplicableError(reason)
                self.function(case)
        except (CheckFailedError, NotApplicableError):
            raise
        except Exception as error:
            raise CheckFailedError(described(error, f"the {case.noun}")) from error


@contextmanager
def _plain_attention() -> Generator[None]:
    """Makes torch's Transformer call its layers, rather than a single fused kernel.

    The kernel is used only in evaluation, warns that it is a prototype, and passes
    tensors without a shape to hooks.
    """
    is_fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fast)


def check(
    *, needs: Sequence[Callable[[Any], str]] = (), slow: bool = False
) -> Callable[[Callable[[C], None]], Check[C]]:
    """Makes a `Check` from a function named `check_...`.

    Args:
        needs: Conditions under which the check applies.
        slow: Whether it takes seconds rather than milliseconds.
    """

    def declare(function: Callable[[C], None]) -> Check[C]:
        name = function.__name__.removeprefix("check_")
        return Check(name, function, tuple(needs), slow)

    return declare


def checks_of(themes: Iterable[ModuleType]) -> tuple[Check[Any], ...]:
    """Returns the checks that modules define, in their order."""
    return tuple(
        value
        for theme in themes
        for value in vars(theme).values()
        if isinstance(value, Check) and value.theme == theme.__name__.rpartition(".")[2]
    )
