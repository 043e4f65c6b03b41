"""Results for other programs: `overparam export`."""

from pathlib import Path

import click

from overparam_cli.cli.options import quiet_option, results_option
from overparam_cli.paths import at_home


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT]...")
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where to write.")
@results_option
@quiet_option
def export(experiments: tuple[str, ...], folder: Path, results: Path, quiet: bool) -> None:
    """Write the tables of EXPERIMENTs (all there are by default) as Parquet: trials, log, and a row a curve.

    Every row says which run, variant and curve it is of.

    Example: overparam export fig3 --to tidy
    """
    from overparam_cli import disk
    from overparam_cli.api.result import Result
    from overparam_cli.errors import LogError
    from overparam_cli.report import terminal
    from overparam_cli.results.names import found_by_name

    found = found_by_name(experiments, results)
    runs = [run for own in found.runs.values() for run in own]
    if not runs:
        raise LogError("there are no trials to export: tables of the theory are CSV files in their folders")
    result = Result(runs, results)
    for name, table in (("trials", result.trials), ("log", result.log), ("curves", result.table())):
        path = at_home(folder) / f"{name}.parquet"
        try:
            data = table.to_parquet(index=False, engine="pyarrow")
        except ImportError as error:
            raise click.UsageError("export writes with pyarrow: pip install 'overparam[parquet]'") from error
        disk.replace(path, lambda file, data=data: file.write(data))  # type: ignore[misc]
        if not quiet:
            terminal.echo(str(path))
    for note in () if quiet else found.notes:
        terminal.note(note)
    found.check()
