"""The command group, and the one place where errors become a line and an exit code.

A command's module is imported when the command is called, so that a help text or a
listing pays for no other command.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

import click

from oumi_scaffold import __version__
from oumi_scaffold.cli import output

PROGRAM = "oumi-scaffold"

# Each command: the module that holds it as `command`, and its line in the listing.
COMMANDS = {
    "new-model": ("new_model", "Write a model, its tests and its training config."),
    "validate": ("validate", "Report every mistake in configs, with file and line."),
    "schema": ("schema", "Print the JSON Schema of a config, for editors."),
    "check": ("check", "Hold a model against the conformance suite."),
    "train": ("train", "Train the model that a config names."),
    "evaluate": ("evaluate", "Measure a trained model on held-out data."),
    "find-lr": ("find_lr", "Try rising learning rates, and suggest one."),
    "find-batch-size": ("find_batch_size", "Measure which micro-batches fit."),
    "list": ("listing", "List models, datasets, tasks or templates."),
    "new-template": ("new_template", "Copy a built-in template, to start from."),
    "check-template": ("check_template", "Try a template in all its choices."),
    "demo": ("demo", "Generate, test, train and evaluate a model of digits."),
}

# Where a run that is killed leaves its work; see `oumi_scaffold.journal`.
_WORKPLACE = ".oumi-scaffold"

# These end before there is any garbage worth looking for.
_SHORT = {"new-model", "new-template", "list"}

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Settings:
    """What the global options say."""

    debug = False


class Terminated(BaseException):
    """The process was asked to end: an exception, so that what was begun is undone."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order of the listing."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _SHORT:
            gc.disable()
        module = import_module(f"oumi_scaffold.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that is called, or says which name is nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from oumi_scaffold.exceptions import UnknownChoiceError

            raise UnknownChoiceError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Writes the listing without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def group(ctx: click.Context, debug: bool) -> int:
    """Generate a PyTorch model with its tests and its config, then train it."""
    ctx.ensure_object(Settings).debug = debug
    _recover_here()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return EXIT_USAGE
    return 0


def _recover_here() -> None:
    """Finishes or takes back what a killed run has left in the working folder."""
    if not _is_something_left():
        return
    from oumi_scaffold.write import exclusive

    with exclusive(Path()) as done:
        if done:
            output.note(done)


def _is_something_left() -> bool:
    with suppress(OSError):
        names = {path.name for path in Path().iterdir()}
        if any(name.startswith(f"{_WORKPLACE}-new-") for name in names):
            return True
        if _WORKPLACE in names:
            inside = [path.name for path in Path(_WORKPLACE).iterdir()]
            return not inside or not all(n.startswith("backup-") for n in inside)
    return False


def main(args: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        args: The arguments after the program's name; None for those of the process.

    Returns:
        The exit code: 0 done; 1 the work failed; 2 usage or bad input; 3 a conflict,
        nothing written; 130 and 143 for SIGINT and SIGTERM.
    """
    settings = Settings()
    is_collecting = gc.isenabled()
    try:
        with _terminable():
            result: object = group.main(
                args, prog_name=PROGRAM, standalone_mode=False, obj=settings
            )
            sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except Terminated:
        return EXIT_TERMINATED
    except BrokenPipeError:
        # Whoever read the output has left; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        return _report(error, settings.debug)
    finally:
        if is_collecting:
            gc.enable()


def _report(error: Exception, debug: bool) -> int:
    """Prints an error, and returns its exit code."""
    message: str | None = None
    code = getattr(error, "exit_code", EXIT_FAILED)
    if isinstance(error, click.ClickException):
        message = _click_message(error)
    elif hasattr(error, "exit_code"):
        message = str(error)
    else:
        from oumi_scaffold.cli.tracebacks import print_users_error, users_part

        part = users_part(error)
        if part is not None and not debug:
            message = print_users_error(error, part)
        elif isinstance(error, OSError) and error.strerror:
            message = ": ".join(filter(None, [error.filename, error.strerror]))
    if debug or message is None:
        import traceback

        traceback.print_exception(error)
    if message is None:
        message = "this is a bug in oumi-scaffold; please report the lines above"
    output.error(message)
    return code if isinstance(code, int) else EXIT_FAILED


def _click_message(error: click.ClickException) -> str:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} (see {context.command_path} --help)" if context else message


@contextmanager
def _terminable() -> Generator[None]:
    """Turns SIGTERM into an exception while a command runs."""

    def handle(number: int, frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
