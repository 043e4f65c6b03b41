"""What the logs say: `overparam table`, `verify`, `status`. None of them trains, none imports PyTorch."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overparam_cli.cli import completing, streams
from overparam_cli.cli.options import json_option, partial_option, results_option
from overparam_cli.cli.several import Several
from overparam_cli.errors import LogError

if TYPE_CHECKING:
    from overparam_cli.results.names import Found

TABLES = {  # a table's format → what renders it (`report.formats`)
    "text": "terminal",
    "csv": "csv",
    "md": "markdown",
    "latex": "latex",
    "html": "html",
    "json": "json",
}
RULES = ("final-gap", "lowest-gap", "area", "iterations-to-gap")


def say_the_rest(found: "Found", *, quiet: bool = False) -> None:
    """What is missing of what was shown; raises LogError for what could not be."""
    from overparam_cli.report import terminal

    for note in () if quiet else found.notes:
        terminal.note(note)
    found.check()


def show_paths(paths: Sequence[Path], *, quiet: bool) -> None:
    """The files a command has written, one a line."""
    from overparam_cli.report import terminal

    for path in () if quiet else paths:
        terminal.echo(str(path))


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...", shell_complete=completing.folders)
@results_option
@click.option("--rule", type=click.Choice(RULES), help="Another selection rule.")
@click.option("--format", "form", type=click.Choice([*TABLES]), default="text", show_default=True, help="Of the table.")
@partial_option
@json_option
def table(
    experiments: tuple[str, ...], results: Path, rule: str | None, form: str, partial: bool, as_json: bool
) -> None:
    """Print the table of EXPERIMENTs (as for plot) from their logs: chosen rates, gaps, speedups, divergence.

    Example: overparam table fig3 --rule area
    """
    from overparam_cli.kinds.theory.tables import Shown
    from overparam_cli.report.tables import print_tables
    from overparam_cli.results.names import found_by_name

    found = found_by_name(experiments, results, partial=partial)
    checks = {record.folder: record for own in found.records.values() for record in own}
    print_tables(
        found.variants,
        form="json" if as_json else TABLES[form],
        rule=rule,
        checks=[*map(Shown, checks.values())],
    )
    say_the_rest(found)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completing.claims)
@results_option
@click.option("--strict", is_flag=True, help="Exit with 8 unless every claim asked for has a verdict, and holds.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Also write all verdicts here, as JSON."
)
@json_option
def verify(names: tuple[str, ...], results: Path, strict: bool, output: Path | None, as_json: bool) -> None:
    """Say which of the paper's claims the logs bear out: all, or those NAMEd (a claim, an experiment, fig3@quick).

    Never trains, and writes nothing but --output. Exits with 0 when everything asked for was evaluated, whatever the
    verdicts.

    Example: overparam verify fig3
    """
    from overparam_cli import disk
    from overparam_cli.claims import verify
    from overparam_cli.multiverse.summary import beside
    from overparam_cli.report import json
    from overparam_cli.report.terminal import note
    from overparam_cli.report.verdicts import print_results

    known, several = Several.known(names, verify.select, streams.say)
    report = verify.verify(results, known)
    try:
        report = beside(report)
    except LogError as error:  # it never stands between a reader and the verdicts
        note(f"nothing is said of the multiverse: {error}")
    try:
        if as_json:
            json.show(report.as_dict())
        else:
            print_results(report.asked, worlds=report.worlds)
    finally:
        if output:
            with disk.instead("name another file with --output"):
                verify.save(report, output)
    check = partial(verify.check, report, strict=strict)  # what is damaged or fails is an error once all is shown
    if several.failures:
        several.attempt("the others", check)
        several.check()
    check()


@click.command()
@results_option
@json_option
def status(results: Path, as_json: bool) -> None:
    """Say what is finished, what is under way and what is broken below the results folder.

    Example: overparam status
    """
    from overparam_cli.report.status import print_status

    print_status(results, as_json=as_json)
