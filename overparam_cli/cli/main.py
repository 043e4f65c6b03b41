"""The program `overparam`: its commands by name, and every error turned into one line and an exit code."""

import importlib
import os
import sys
from collections.abc import Mapping

import click

from overparam_cli import __version__
from overparam_cli.cli import streams
from overparam_cli.cli.once import check_once
from overparam_cli.errors import OverparamError, ReaderGoneError, StorageError
from overparam_cli.interrupts import INTERRUPTED
from overparam_cli.words import suggest

# Where each command stands. Its module is imported when the command is called or listed, and nothing else is; what
# a command computes with, it imports when it runs.
COMMANDS: Mapping[str, str] = {
    "bench": "overparam_cli.cli.timing:bench",
    "compare": "overparam_cli.cli.comparing:compare",
    "data": "overparam_cli.cli.data:data",
    "doctor": "overparam_cli.cli.doctor:doctor",
    "export": "overparam_cli.cli.exporting:export",
    "list": "overparam_cli.cli.listing:list_experiments",
    "multiverse": "overparam_cli.cli.multiverse:multiverse",
    "new": "overparam_cli.cli.studies:new",
    "plot": "overparam_cli.cli.drawing:plot",
    "report": "overparam_cli.cli.reporting:report",
    "run": "overparam_cli.cli.running:run",
    "show": "overparam_cli.cli.listing:show",
    "status": "overparam_cli.cli.reading:status",
    "sweep": "overparam_cli.cli.studies:sweep",
    "table": "overparam_cli.cli.reading:table",
    "theory": "overparam_cli.cli.running:theory",
    "verify": "overparam_cli.cli.reading:verify",
}
COMPLETE = "_OVERPARAM_COMPLETE"  # by which a shell asks what there is to complete
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
ANSWERED = (OverparamError, click.ClickException, click.Abort, KeyboardInterrupt, OSError, MemoryError, RuntimeError)
OUT_OF_MEMORY = ("allocate memory", "out of memory")  # in the RuntimeErrors of PyTorch, which has no MemoryError


class LazyGroup(click.Group):
    """A group whose commands are imported by name when they are asked for (the pattern of click's documentation)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is asked for, each of its options given once."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command {args[0]!r}{suggest(args[0], COMMANDS)}", ctx)
        name, command, rest = super().resolve_command(ctx, args)
        if command and name and not ctx.resilient_parsing:
            check_once(command, name, rest, ctx)
        return name, command, rest


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="overparam")
def cli() -> None:
    """Depth alone can accelerate optimisation: run, plot and check the experiments of Arora, Cohen & Hazan (ICML 2018).

    \b
    overparam list                    what there is to run
    overparam run fig3 --loss l4      train, log, print the table
    overparam plot fig3               draw the figures from the logs
    """


def main() -> None:
    """Entry point: every error of ours becomes one line on standard error and its exit code."""
    if COMPLETE in os.environ:
        from overparam_cli.cli import completing

        completing.install()
    with streams.guarded():
        code = _answer()
    sys.exit(code)


def _answer() -> int:
    """Do what the command line says; the exit code."""
    try:
        _check_place()
        cli(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except ANSWERED as error:
        return explain(error)
    return 0


def _check_place() -> None:
    """Refuse to work in a folder that has been removed meanwhile, in which libraries end without a word of ours."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        raise StorageError("the folder in which this was called no longer exists: change to another one") from None


def explain(error: BaseException) -> int:
    """Say in one line what went wrong, on standard error; the exit code. What is no error of ours is raised again."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "overparam"
            hint = _key_hint(error) if isinstance(error, click.NoSuchOption) else ""
            return _say(f"error: {error.format_message().rstrip('.')}{hint}; see {path} --help", error.exit_code)
        case click.ClickException():
            return _say(f"error: {error.format_message()}", error.exit_code)
        case click.Abort() | KeyboardInterrupt():
            return _say("interrupted", INTERRUPTED)
        case ReaderGoneError():
            return error.exit_code
        case OverparamError():
            return _say(f"error: {error}", error.exit_code)
        case _ if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY):
            remedy = "fewer rates or seeds, a smaller width or depth; what was finished is kept"
            return _say(f"error: there is not enough memory for this: {remedy}", OverparamError.exit_code)
        case OSError():
            return _say(f"error: {_place(error)}: mend that, or name another", StorageError.exit_code)
        case _:
            raise error


def _key_hint(error: click.NoSuchOption) -> str:
    """How a key of trials that is no option of its own is given."""
    from overparam_cli.experiments import all_keys

    key = error.option_name.lstrip("-").replace("-", "_")
    taken = error.ctx is not None and any(own.name == "assignments" for own in error.ctx.command.params)
    return f": it is a key of trials, given as --set {key}=VALUE" if taken and key in all_keys() else ""


def _place(error: OSError) -> str:
    """What the system refuses, and which file or folder it is about."""
    about = f" {error.filename!r}" if error.filename else ""
    return f"the system refuses{about}: {error.strerror or error}"


def _say(line: str, exit_code: int) -> int:
    streams.say(" ".join(line.splitlines()))
    return exit_code
