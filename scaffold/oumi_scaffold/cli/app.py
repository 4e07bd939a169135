"""The command group, and the one place that turns errors into messages and exit codes.

A command's module is imported only when that command is called, which keeps `--help`
fast.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import click

from oumi_scaffold import __version__
from oumi_scaffold.cli import exit_codes, output
from oumi_scaffold.cli.recovery import recover_here

PROGRAM = "oumi-scaffold"

# What `--help` says of each command; its file in `commands` has the command's name.
COMMANDS = {
    "new-model": "Write a model, its tests and its training config.",
    "new-dataset": "Write a dataset class, and its tests, for data of your own.",
    "new-project": "Make a folder that can be installed, with a model in it.",
    "wrap": "Write a model, tests and a config around a module of yours.",
    "update": "Bring generated models to the newest templates.",
    "undo": "Take a generated model back: delete its unchanged files.",
    "validate": "Report every mistake in configs, with file and line.",
    "schema": "Print the JSON Schema of a config, for editors.",
    "check": "Run the conformance suite on a model or dataset.",
    "train": "Train the model of a config.",
    "evaluate": "Evaluate a trained model on held-out data.",
    "predict": "Predict with a trained model, for files or texts.",
    "report": "Write an HTML page about training runs, or compare them.",
    "export": "Export a trained model to transformers, torch or ONNX.",
    "find-lr": "Run a learning rate range test and suggest a rate.",
    "find-batch-size": "Find the micro-batch sizes that fit, and the fastest.",
    "tune": "Train with many values of a config, and find the best.",
    "list": "List models, datasets, tasks or templates.",
    "new-template": "Copy a built-in template as a starting point.",
    "check-template": "Render and test a template in all its variants.",
    "doctor": "Look for problems in the installation and this project.",
    "demo": "Generate, test, train and evaluate a digit classifier.",
}

# These end before garbage collection would pay off.
_SHORT = {
    "new-model",
    "new-dataset",
    "new-project",
    "update",
    "undo",
    "new-template",
    "list",
}


class Settings:
    """The global options."""

    debug = False


class Terminated(BaseException):
    """Raised on SIGTERM, so that unfinished work is undone on the way out."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the command names in the order that `--help` lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports a command; returns None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _SHORT:
            gc.disable()
        file = cmd_name.replace("-", "_")
        module = import_module(f"oumi_scaffold.cli.commands.{file}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or suggests the closest name."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from oumi_scaffold.exceptions import UnknownChoiceError

            raise UnknownChoiceError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Writes the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


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
    recover_here()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
        return exit_codes.BAD_INPUT
    return 0


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
        return exit_codes.INTERRUPTED
    except Terminated:
        return exit_codes.TERMINATED
    except BrokenPipeError:
        # The reader has closed the pipe; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.FAILED
    except Exception as error:
        return _report(error, settings.debug)
    finally:
        if is_collecting:
            gc.enable()


def _report(error: Exception, debug: bool) -> int:
    """Prints an error, and returns its exit code."""
    message: str | None = None
    code = getattr(error, "exit_code", exit_codes.FAILED)
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
    return code if isinstance(code, int) else exit_codes.FAILED


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
