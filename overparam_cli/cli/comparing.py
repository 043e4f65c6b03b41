"""Two runs beside each other: `overparam compare`."""

from pathlib import Path
from typing import Any

import click

from overparam_cli.cli import completing
from overparam_cli.cli.drawing import check_ending, collect_looks, figure_options
from overparam_cli.cli.options import json_option, results_option


@click.command()
@click.argument("first", metavar="A", shell_complete=completing.folders)
@click.argument("second", metavar="B", shell_complete=completing.folders)
@results_option
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw both into one figure: both.png.")
@figure_options()
@json_option
def compare(first: str, second: str, results: Path, figure: Path | None, as_json: bool, **options: Any) -> None:
    """Say in what two runs A and B differ, in settings and numbers: fig3 and fig3@wide, or paths of results folders.

    Curves are compared by name, each at its chosen learning rate.

    Example: overparam compare fig3 fig3@smoke --figure both.png
    """
    from overparam_cli import disk
    from overparam_cli.api.comparing import compare as compared
    from overparam_cli.report import comparison, json, terminal

    looks = collect_looks(options)
    if looks and not figure:
        raise click.UsageError(
            f"--{next(iter(looks)).replace('_', '-')} says how a figure looks: --figure FILE draws one"
        )
    path = check_ending(figure, "--figure") if figure else None
    found = compared(first, second, results=results)
    if as_json:
        json.show(found.as_dicts())
    else:
        for one in found.pairs:
            terminal.show(*comparison.grids(one), "")
    if path:
        from overparam_cli.figures.plots import draw_to, dressed

        with disk.instead("name another file with --figure"):
            draw_to(path, dressed(found.overlays, looks), "figure")
        if not as_json:
            terminal.echo(str(path))
