"""Studies of one's own without typing every curve: `overparam new`, `overparam sweep`."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import (
    COLUMNS,
    DATASET_HELP,
    collect_columns,
    run_options,
    with_assignments,
    with_options,
)
from overparam_cli.paths import at_home, exists

SWEPT = (
    click.option("--dataset", required=True, shell_complete=completing.datasets, help=DATASET_HELP),
    *COLUMNS,
    click.option("--depth", default="1,2,3", show_default=True, help="Numbers of layers."),
    click.option("--optimizer", help="Optimisers: gd,adam,…"),
    click.option("--width", help="Hidden widths: 1,10; one for each hidden layer as 10x20."),
    click.option("--init", help="Initialisations: near-zero,identity,…"),
    click.option("--loss", default="l2", show_default=True, help="Losses, a panel each: l2,l4."),
    click.option("--lr", required=True, help="Grid of learning rates: 1e-3,5e-3; 1e-4:1e-1:7; 1e-4:1e-1:2/decade."),
    click.option("--iterations", default="10000", show_default=True, help="Iterations of every trial."),
    click.option("--seeds", default="1", show_default=True, help="Number of seeds."),
    click.option("--dtype", help="float32, float64."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="KEY=VALUES",
        shell_complete=completing.settings,
        help="Any other trial key, one or several values.",
    ),
    click.option("--name", required=True, help="Name of the study and of its results folder."),
    click.option("--force", is_flag=True, help="Write over the study of that name, were it another one."),
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    default="fig3",
    show_default=True,
    shell_complete=completing.experiments,
    help="Experiment to begin with: a name or a path.",
)
@click.option("--force", is_flag=True, help="Write over FILE where it exists.")
def new(file: Path, source: str, force: bool) -> None:
    """Write FILE, an experiment to edit: every key that can be set, with its meaning; defaults are comments.

    Example: overparam new study.toml --from fig3
    """
    from overparam_cli import disk
    from overparam_cli.errors import ConfigError
    from overparam_cli.experiments import load_experiment
    from overparam_cli.experiments.annotated import annotated
    from overparam_cli.experiments.loading import read_experiment
    from overparam_cli.report import terminal

    path = at_home(file)
    if path.suffix != ".toml":
        raise ConfigError(f"{file}: an experiment's file is called <name>.toml")
    if exists(path) and not force:
        raise ConfigError(f"{file} exists: choose another name, or write over it with --force")
    text = annotated(load_experiment(source), path)
    read_experiment(text, path)
    with disk.instead("choose another place for FILE"):
        _save(path, text)
    terminal.echo(f"{file}: edit it, then overparam run {file}")


def _sweep_options(command: Any) -> Any:
    return with_options(SWEPT, command)


@click.command()
@_sweep_options
@run_options
def sweep(name: str, results: Path, assignments: tuple[str, ...], force: bool, dry_run: bool, **options: Any) -> None:
    """Train all combinations of lists of settings, a curve each, and keep the study as a file in its results folder.

    Example: overparam sweep --dataset simulated --depth 1,2 --optimizer gd,adam --lr 1e-3:1e-1:3 --name first
    """
    from overparam_cli.api.studies import kept
    from overparam_cli.cli.running import carry_out
    from overparam_cli.experiments.study import FILE, KEYS, asked, study

    given = {key: options.pop(key) for key in KEYS} | collect_columns(options)
    given = {key: value for key, value in given.items() if value is not None and value != []}
    path = results / name / FILE
    experiment, text = study(name, *asked(with_assignments(given, assignments)), path)
    with nullcontext() if dry_run else kept(path, text, force=force):
        carry_out([experiment], {}, name=None, results=results, dry_run=dry_run, **options)


def _save(path: Path, text: str) -> None:
    """Write a file in one step."""
    from overparam_cli.results.store import write_bytes

    write_bytes(path, text.encode())
