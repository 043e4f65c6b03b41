"""Two runs beside each other: `overparam compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import FORMATS, json_option, results_option
from overparam_cli.paths import at_home, is_folder

if TYPE_CHECKING:
    from overparam_cli.results.run import Run


@click.command()
@click.argument("first", metavar="A", shell_complete=completing.folders)
@click.argument("second", metavar="B", shell_complete=completing.folders)
@results_option
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw both into one figure: both.png.")
@json_option
def compare(first: str, second: str, results: Path, figure: Path | None, as_json: bool) -> None:
    """Say in what two runs A and B differ, in settings and numbers: fig3 and fig3@wide, or paths of results folders.

    Curves are compared by name, each at its chosen learning rate.

    Example: overparam compare fig3 fig3@smoke --figure both.png
    """
    from overparam_cli.report import comparison, json, terminal
    from overparam_cli.results.comparison import compare as compared

    if figure and figure.suffix.removeprefix(".") not in FORMATS:
        raise click.UsageError(f"--figure {figure}: a figure is called <name>.{', <name>.'.join(FORMATS)}")
    found = compared(_runs(first, results), _runs(second, results))
    if as_json:
        json.show([comparison.as_dict(one) for one in found])
    else:
        for one in found:
            terminal.show(*comparison.grids(one), "")
    if figure:
        from overparam_cli import disk
        from overparam_cli.figures.plots import draw_to
        from overparam_cli.results.comparison import overlay

        with disk.instead("name another file with --figure"):
            path = draw_to(at_home(figure), [overlay(one) for one in found], "figure")
        if not as_json:
            terminal.echo(str(path))


def _runs(given: str, results: Path) -> "list[Run]":
    """The runs of one name below `results`, or of a folder; raises LogError, ConfigError."""
    from overparam_cli.errors import ConfigError
    from overparam_cli.results.names import found_by_name

    path = at_home(given)
    name, folder = (path.name, path.parent) if is_folder(path) and len(path.parts) > 1 else (given, results)
    found = found_by_name([name], folder)
    found.check()
    if len(found.runs) != 1:
        what = "is theory" if not found.runs else f"stands for {', '.join(found.runs)}"
        raise ConfigError(f"{given} {what}: compare two experiments with trials, one folder each")
    return next(iter(found.runs.values()))
