"""What to do about files that are in the way: as an option says, or as is answered."""

import sys

import click

from oumi_scaffold.cli import output
from oumi_scaffold.exceptions import QuitError
from oumi_scaffold.plan import PlanEntry, Status

_ANSWERS = {"yes": Status.FORCE, "no": Status.SKIP}
_QUESTION = "{path} is there already, and differs. Replace it (a copy is kept)?"


class Decisions:
    """Decides one conflict after the other; calling it is what a plan does.

    With `--force` or `--skip` all are decided alike. Else a terminal is asked, and
    where there is none, or only a plan is wanted, nothing is decided.
    """

    def __init__(self, *, force: bool, skip: bool, ask: bool) -> None:
        self._for_all: Status | None = None
        if force or skip:
            self._for_all = Status.FORCE if force else Status.SKIP
        self._ask = ask and is_interactive()

    def __call__(self, entry: PlanEntry) -> Status:
        """Returns what is to happen to a file that is in the way.

        Raises:
            QuitError: The answer was to quit.
        """
        if self._for_all is not None:
            return self._for_all
        if not self._ask:
            return Status.CONFLICT
        output.status(Status.CONFLICT, entry.path)
        while True:
            answer = _answer(entry)
            if answer == "diff":
                output.diff(entry.path, entry.before or b"", entry.after)
            elif answer == "quit":
                raise QuitError
            elif answer == "all":
                self._for_all = Status.FORCE
                return self._for_all
            else:
                return _ANSWERS[answer]


def is_interactive() -> bool:
    """Whether there is someone to answer a question."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _answer(entry: PlanEntry) -> str:
    words = ("yes", "no", "all", "diff", "quit")
    letters = {word[0]: word for word in words}
    typed: str = click.prompt(
        _QUESTION.format(path=entry.path),
        type=click.Choice([*words, *letters], case_sensitive=False),
        show_choices=False,
        prompt_suffix=" [yes, no, all, diff, quit] ",
    )
    return letters.get(typed, typed)
