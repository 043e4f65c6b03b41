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
@results_option
@quiet_option
def export(experiments: tuple[str, ...], folder: Path, results: Path, quiet: bool) -> None:
    """Write the tables of EXPERIMENTs (all there are by default) as Parquet: trials, log, and a row a curve.

    Every row says which run, variant and curve it is of.

    Example: overparam export fig3 --to tidy
    """
    from overparam_cli.api.result import Result
    from overparam_cli.errors import LogError
    from overparam_cli.results.names import found_by_name
    from overparam_cli.results.store import write_bytes

    found = found_by_name(experiments, results)
    if not found.variants:
        raise LogError("there are no trials to export: tables of the theory are CSV files in their folders")
    result = Result(found.variants, results)
    for name, table in (("trials", result.trials), ("log", result.log), ("curves", result.table())):
        path = at_home(folder) / f"{name}.parquet"
        try:
            data = table.to_parquet(index=False, engine="pyarrow")
        except ImportError as error:
            raise click.UsageError("export writes with pyarrow: pip install 'overparam[parquet]'") from error
        write_bytes(path, data)
        show_paths([path], quiet=quiet)
    say_the_rest(found, quiet=quiet)
