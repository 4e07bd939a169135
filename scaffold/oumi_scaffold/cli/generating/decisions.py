"""What to do about existing files: as the options say, or as the user answers."""

import sys

import click

from oumi_scaffold.cli import output
from oumi_scaffold.exceptions import QuitError
from oumi_scaffold.writing.plan import PlanEntry, Status

_ANSWERS = {"yes": Status.FORCE, "no": Status.SKIP}
_REPLACE = "{path} exists and differs. Replace it (a copy is kept)?"
_DELETE = "{path} was changed since it was generated. Delete it (a copy is kept)?"


class Decisions:
    """Decides conflicts one by one; a plan calls it for each.

    `--force` and `--skip` decide all conflicts alike. Otherwise the user is asked; if
    nobody may be, the conflicts stay undecided.
    """

    def __init__(self, *, force: bool, skip: bool, ask: bool) -> None:
        self._for_all: Status | None = None
        if force or skip:
            self._for_all = Status.FORCE if force else Status.SKIP
        self._ask = ask

    def __call__(self, entry: PlanEntry) -> Status:
        """Returns what to do with a file that exists already.

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
                output.diff(entry.path, entry.before or b"", entry.after or b"")
            elif answer == "quit":
                raise QuitError
            elif answer == "all":
                self._for_all = Status.FORCE
                return self._for_all
            else:
                return _ANSWERS[answer]


def is_interactive() -> bool:
    """Whether there is a user to answer questions."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _answer(entry: PlanEntry) -> str:
    words = ("yes", "no", "all", "diff", "quit")
    letters = {word[0]: word for word in words}
    question = _DELETE if entry.after is None else _REPLACE
    typed: str = click.prompt(
        question.format(path=entry.path),
        type=click.Choice([*words, *letters], case_sensitive=False),
        show_choices=False,
        prompt_suffix=" [yes, no, all, diff, quit] ",
    )
    return letters.get(typed, typed)
