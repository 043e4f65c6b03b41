"""The command line: parse → call → print. Nothing heavy is imported before a command needs it."""

import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from overparam_cli import __version__
from overparam_cli.errors import OverparamError

F = TypeVar("F", bound=Callable[..., Any])
OUT_OF_MEMORY = ("allocate memory", "out of memory")  # in the RuntimeErrors of PyTorch, which has no MemoryError
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Folder of all results.",
)


class Seconds(click.FloatRange):
    """A number of seconds; NaN, which is in no range but passes every comparison with one, is none."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is finite and in range."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return float(number)


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress, no notes; errors are still printed.")
name_option = click.option("--name", help="Name of the results folder: <experiment>@<name>.")


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Data cache; before OVERPARAM_DATA and the system's cache folder.",
)
offline_option = click.option("--offline", is_flag=True, help="Never touch the network.")


def override_options(command: F) -> F:
    """What may be changed of an experiment without a file of one's own."""
    for option in reversed(
        [
            click.option("--loss", help="Losses to run: l2, l4, l6, … (several: l2,l4)."),
            click.option("--variant", help="Variants to run (several: separated by commas)."),
            click.option("--depth", help="Depths to run (several: 2,3); one that no curve has is made."),
            click.option("--lr", help="Learning rate, or a grid: 1e-3,5e-3."),
            click.option("--iterations", help="Iterations of every trial: 20000, 1e6."),
            click.option("--seeds", help="Number of seeds; more seeds join the same results folder."),
            click.option("--dtype", help="float32 or float64."),
            click.option("--dataset", help="A data set's name (`overparam data list`), or a table: my.csv."),
            click.option(
                "--target", "targets", multiple=True, metavar="COLUMN", help="Target column of a table; repeat."
            ),
            click.option(
                "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any other trial key; repeat."
            ),
            click.option("--smoke", is_flag=True, help="Seconds instead of minutes: embedded data, few iterations."),
        ]
    ):
        command = option(command)
    return command


def collect_overrides(options: dict[str, Any]) -> dict[str, Any]:
    """The overrides among a command's options, as `experiments.apply_overrides` takes them."""
    from overparam_cli.experiments import parse_assignments

    keys = ("loss", "variant", "depth", "lr", "iterations", "seeds", "dtype", "dataset", "smoke")
    overrides = {key: options.pop(key) for key in keys}
    overrides["targets"] = list(options.pop("targets")) or None
    given = {key: value for key, value in overrides.items() if value not in (None, False)}
    for key, value in parse_assignments(options.pop("assignments")).items():
        if key in given:
            raise click.UsageError(f"{key} is given twice: by --{key} and by --set {key}={value}")
        given[key] = value
    return given


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="overparam")
def cli() -> None:
    """Depth alone can accelerate optimisation: run, plot and check the experiments of Arora, Cohen & Hazan (ICML 2018).

    \b
    overparam list                    what there is to run
    overparam run fig3 --loss l4      train, log, print the table
    overparam plot fig3               draw the figures from the logs
    """


@cli.command(name="list")
@json_option
def list_command(as_json: bool) -> None:
    """List the experiments.

    Example: overparam list
    """
    from overparam_cli.experiments import available
    from overparam_cli.report import listing

    experiments = available()
    if as_json:
        click.echo(json.dumps([summary._asdict() for summary in experiments], indent=2))
    else:
        listing.experiments(experiments)


@cli.command()
@click.argument("experiment")
@override_options
@json_option
def show(experiment: str, as_json: bool, **options: Any) -> None:
    """Show what EXPERIMENT (a name, or a path to a TOML file) consists of.

    Example: overparam show fig3 --depth 2,3
    """
    from overparam_cli.experiments import apply_overrides, flatten, load_experiment, to_dict
    from overparam_cli.report import listing

    overrides = collect_overrides(options)
    members = [apply_overrides(member, overrides) for member in flatten(load_experiment(experiment))]
    if as_json:
        click.echo(json.dumps([to_dict(member) for member in members], indent=2, ensure_ascii=False))
    else:
        for member in members:
            listing.experiment(member)


@cli.command()
@click.argument("experiments", nargs=-1, required=True, metavar="EXPERIMENT...")
@override_options
@name_option
@results_option
@data_dir_option
@offline_option
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="CPU threads; PyTorch's own choice by default.")
@click.option("--measure", default="", help="Also log: curvature, sharpness (several: separated by commas).")
@click.option(
    "--reuse/--no-reuse", default=True, show_default=True, help="Take over trials other experiments finished."
)
@click.option(
    "--checkpoint-seconds", type=Seconds(0), default=20.0, show_default=True, help="Time between checkpoints."
)
@click.option("--dry-run", is_flag=True, help="Print the trials, their cost and a time estimate; run nothing.")
@json_option
@quiet_option
def run(experiments: tuple[str, ...], **options: Any) -> None:
    """Run EXPERIMENTs (names, TOML files, or `all`): train what is missing, write logs, print the table.

    Finished trials are not run again, and an interrupted run goes on where its checkpoint stood.

    Example: overparam run fig3 --smoke
    """
    from overparam_cli.cli import commands

    overrides = collect_overrides(options)
    commands.run(experiments, overrides, **options)


@cli.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@results_option
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(["png", "pdf", "svg"]), help="Default: all three."
)
@quiet_option
def plot(experiments: tuple[str, ...], results: Path, formats: tuple[str, ...], quiet: bool) -> None:
    """Draw the figures of EXPERIMENTs (fig3, fig3@smoke; all there are by default) from their logs.

    Example: overparam plot fig3 --format png
    """
    from overparam_cli.cli import commands

    commands.plot(experiments, results, formats or ("png", "pdf", "svg"), quiet=quiet)


@cli.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@results_option
@click.option("--rule", type=click.Choice(["final-gap", "area", "iterations-to-gap"]), help="Another selection rule.")
@json_option
def table(experiments: tuple[str, ...], results: Path, rule: str | None, as_json: bool) -> None:
    """Print the table of EXPERIMENTs from their logs: chosen rates, gaps, speedups, divergence.

    Example: overparam table fig3 --rule area
    """
    from overparam_cli.cli import commands

    commands.table(experiments, results, rule, as_json=as_json)


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@results_option
@click.option("--strict", is_flag=True, help="Exit with 8 when a claim asked for does not hold for every seed.")
@json_option
def verify(names: tuple[str, ...], results: Path, strict: bool, as_json: bool) -> None:
    """Say which of the paper's claims the logs bear out: all, or those NAMEd (a claim, an experiment, fig3@quick).

    Never trains. Exits with 0 when everything asked for was evaluated, whatever the verdicts.

    Example: overparam verify fig3
    """
    from overparam_cli.cli import commands

    commands.verify(names, results, strict=strict, as_json=as_json)


@cli.command()
@results_option
@json_option
def status(results: Path, as_json: bool) -> None:
    """Say what is finished, what is under way and what is broken below the results folder.

    Example: overparam status
    """
    from overparam_cli.cli import commands

    commands.status(results, as_json=as_json)


@cli.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option("--dataset", help="Problem of the checks that need one; ethanol, the paper's, by default.")
@click.option("--target", "targets", multiple=True, metavar="COLUMN", help="Target column of a table; repeat.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A parameter of the checks; repeat.")
@name_option
@results_option
@data_dir_option
@offline_option
@click.option("--figures/--no-figures", default=True, show_default=True, help="Draw each check's figure.")
@json_option
@quiet_option
def theory(checks: tuple[str, ...], assignments: tuple[str, ...], **options: Any) -> None:
    """Check the paper's theorems numerically: CHECKs by name, all of them when none is named.

    Example: overparam theory lemma3 --set depths=2,3,16
    """
    from overparam_cli.cli import commands
    from overparam_cli.experiments import parse_assignments

    data = {"dataset": options.pop("dataset"), "targets": list(options.pop("targets"))}
    overrides = parse_assignments(assignments) | {key: value for key, value in data.items() if value}
    commands.theory(checks, overrides, **options)


@cli.command()
@results_option
@data_dir_option
@offline_option
@click.option(
    "--model",
    type=click.Choice(["linear", "cnn"]),
    default="linear",
    show_default=True,
    help="The linear engine, or Figure 5's network.",
)
@click.option("--dataset", help="What to time on; an embedded data set by default: shapes matter, numbers do not.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="CPU threads; PyTorch's own choice by default.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True, help="Looks at every subject, in turn.")
@click.option("--seconds", type=Seconds(0.001, 3600), default=0.3, show_default=True, help="Length of a look.")
@json_option
def bench(results: Path, as_json: bool, **options: Any) -> None:
    """Measure what an iteration costs, beside the loop everybody writes and bare matrix products.

    Example: overparam bench --rounds 3 --seconds 0.05
    """
    from overparam_cli.cli import commands

    commands.bench(results, as_json=as_json, **options)


@cli.group()
def data() -> None:
    """Data sets: list, fetch, verify, path."""


@data.command(name="list")
@data_dir_option
@json_option
def data_list(data_dir: Path | None, as_json: bool) -> None:
    """List the data sets, and whether they are in the cache.

    Example: overparam data list
    """
    from overparam_cli.cli import commands

    commands.data_list(data_dir, as_json=as_json)


@data.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@data_dir_option
@quiet_option
def data_fetch(names: tuple[str, ...], data_dir: Path | None, quiet: bool) -> None:
    """Download data sets into the cache and verify them (the Ethanol rows' archive by default).

    Example: overparam data fetch ethanol
    """
    from overparam_cli.cli import commands

    commands.data_fetch(names or ("ethanol",), data_dir, quiet=quiet)


@data.command(name="verify")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@data_dir_option
@json_option
def data_verify(names: tuple[str, ...], data_dir: Path | None, as_json: bool) -> None:
    """Read data sets again and hold them against the known facts.

    Example: overparam data verify simulated
    """
    from overparam_cli.cli import commands

    commands.data_verify(names or ("ethanol",), data_dir, as_json=as_json)


@data.command(name="path")
@data_dir_option
def data_path(data_dir: Path | None) -> None:
    """Print the cache folder.

    Example: overparam data path
    """
    from overparam_cli.data import cache_dir

    click.echo(cache_dir(data_dir))


def main() -> None:
    """Entry point: every error of ours becomes one line on standard error and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal or a file that takes no Greek gets question marks
    try:
        cli(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "overparam"
        click.echo(f"error: {error.format_message().rstrip('.')}; see {path} --help", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except OverparamError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        click.echo(
            "error: there is not enough memory for this: fewer rates or seeds, a smaller width or depth; "
            "what was finished is kept",
            err=True,
        )
        sys.exit(OverparamError.exit_code)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nothing is left to say, nor anyone to say it to
        sys.exit(141)
