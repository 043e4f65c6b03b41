"""Two runs beside each other: `overparam compare`."""

from pathlib import Path

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import FORMATS, json_option, results_option
from overparam_cli.paths import at_home


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
    from overparam_cli import disk
    from overparam_cli.api.comparing import compare as compared
    from overparam_cli.report import comparison, json, terminal

    if figure and figure.suffix.removeprefix(".") not in FORMATS:
        raise click.UsageError(f"--figure {figure}: a figure is called <name>.{', <name>.'.join(FORMATS)}")
    found = compared(first, second, results=results)
    if as_json:
        json.show(found.as_dicts())
    else:
        for one in found.pairs:
            terminal.show(*comparison.grids(one), "")
    if figure:
        from overparam_cli.figures.plots import draw_to

        with disk.instead("name another file with --figure"):
            path = draw_to(at_home(figure), found.overlays, "figure")
        if not as_json:
            terminal.echo(str(path))
