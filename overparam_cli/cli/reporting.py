"""All that was found, in one file: `overparam report`. It trains nothing and never imports PyTorch."""

import shlex
import sys
from pathlib import Path

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import quiet_option, results_option
from overparam_cli.paths import at_home


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...", shell_complete=completing.folders)
@results_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The file to write.",
)
@quiet_option
def report(experiments: tuple[str, ...], results: Path, output: Path, quiet: bool) -> None:
    """Write a report on EXPERIMENTs (as for plot; all there are by default): one HTML file that needs no network.

    It holds every figure, to be pointed at and zoomed into, the claims with their verdicts, all tables, where
    the numbers come from, and what is missing. It is made with pip install 'overparam[report]'.

    Example: overparam report fig3 --output fig3.html
    """
    from overparam_cli import disk
    from overparam_cli.page import writing

    writing.check_extra()
    from overparam_cli.page.gather import gather
    from overparam_cli.report import terminal
    from overparam_cli.results.names import Found
    from overparam_cli.words import size

    command = shlex.join(["overparam", *sys.argv[1:]])
    found, faults = gather(results, experiments, command)
    path = at_home(output)
    with disk.instead("name another file with --output"):
        written = writing.write(found, path)
    if not quiet:
        terminal.echo(str(path))
        terminal.note(f"{size(written)}, of which plotly.js takes {size(len(writing.plotly()[0]))}")
    Found(errors=faults).check()
