"""The data sets: `overparam data list`, `fetch`, `verify`, `path`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from overparam_cli.cli import completing, streams
from overparam_cli.cli.options import data_dir_option, json_option, quiet_option
from overparam_cli.cli.several import Several
from overparam_cli.errors import DataInvalidError
from overparam_cli.words import count

if TYPE_CHECKING:
    from overparam_cli.data.facts import Check

DEFAULT = ("ethanol",)  # the Ethanol rows' archive


@click.group()
def data() -> None:
    """Data sets: list, fetch, verify, path."""


@data.command("list")
@data_dir_option
@json_option
def list_all(data_dir: Path | None, as_json: bool) -> None:
    """List the data sets, and whether they are in the cache.

    Example: overparam data list
    """
    from overparam_cli.data import list_datasets
    from overparam_cli.report.data import print_datasets

    print_datasets(list_datasets(data_dir), as_json=as_json)


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completing.named_datasets)
@data_dir_option
@quiet_option
def fetch(names: tuple[str, ...], data_dir: Path | None, quiet: bool) -> None:
    """Download data sets into the cache and verify them (the Ethanol rows' archive by default).

    Example: overparam data fetch ethanol
    """
    from overparam_cli.data import fetch
    from overparam_cli.report import terminal

    def fetch_one(name: str) -> None:
        where = fetch(name, data_dir=data_dir, progress=not quiet)
        if not quiet:
            terminal.echo(f"{name}: {where}")

    _, several = Several.known(names or DEFAULT, fetch_one, streams.say)
    several.check()


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=completing.named_datasets)
@data_dir_option
@json_option
def verify(names: tuple[str, ...], data_dir: Path | None, as_json: bool) -> None:
    """Read data sets again and hold them against the known facts.

    Example: overparam data verify simulated
    """
    from overparam_cli.data import verify
    from overparam_cli.report.data import print_checks

    found: dict[str, list[Check]] = {}

    def verify_one(name: str) -> None:
        found[name] = verify(name, data_dir=data_dir)

    _, several = Several.known(names or DEFAULT, verify_one, streams.say)
    print_checks(found, as_json=as_json)
    several.check()
    wrong = [f"{name}: {check.check}" for name, checks in found.items() for check in checks if not check.ok]
    if wrong:
        raise DataInvalidError(f"{count(len(wrong), 'check')} failed ({'; '.join(wrong)}): fetch the data again")


@data.command()
@data_dir_option
def path(data_dir: Path | None) -> None:
    """Print the cache folder.

    Example: overparam data path
    """
    from overparam_cli.data import cache_dir
    from overparam_cli.report import terminal

    terminal.echo(str(cache_dir(data_dir)))
