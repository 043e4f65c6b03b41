"""Results for other programs: `overparam export`."""

from pathlib import Path

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import quiet_option, results_option
from overparam_cli.cli.reading import say_the_rest, show_paths
from overparam_cli.paths import at_home


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...", shell_complete=completing.folders)
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "tensorboard"]),
    default="parquet",
    show_default=True,
    help="Tables as Parquet files, or a folder of TensorBoard's events for each trial.",
)
@results_option
@quiet_option
def export(experiments: tuple[str, ...], folder: Path, form: str, results: Path, quiet: bool) -> None:
    """Write EXPERIMENTs (all there are by default) for other programs: as tidy Parquet, or for TensorBoard.

    Parquet: trials, log, and a row a curve; every row says which run, variant and curve it is of.

    Example: overparam export fig3 --to tidy
    """
    from overparam_cli import disk
    from overparam_cli.api.exporting import exported
    from overparam_cli.api.result import Result
    from overparam_cli.errors import LogError
    from overparam_cli.results.names import found_by_name

    found = found_by_name(experiments, results)
    if not found.variants:
        raise LogError("there are no trials to export: tables of the theory are CSV files in their folders")
    with disk.instead("name another folder with --to"):
        for path in exported(Result(found.variants, results), at_home(folder), form):
            show_paths([path], quiet=quiet)
    say_the_rest(found, quiet=quiet)
