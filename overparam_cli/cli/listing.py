"""What there is to run: `overparam list`, `overparam show`."""

from typing import Any

import click

from overparam_cli.cli import completing
from overparam_cli.cli.options import collect_overrides, json_option, override_options


@click.command("list")
@json_option
def list_experiments(as_json: bool) -> None:
    """List the experiments.

    Example: overparam list
    """
    from overparam_cli.experiments import available
    from overparam_cli.report import json
    from overparam_cli.report.experiments import print_list

    experiments = available()
    if as_json:
        json.show([summary._asdict() for summary in experiments])
    else:
        print_list(experiments)


@click.command()
@click.argument("experiment", shell_complete=completing.experiments)
@override_options
@json_option
def show(experiment: str, as_json: bool, **options: Any) -> None:
    """Show what EXPERIMENT (a name, or a path to a TOML file) consists of.

    Example: overparam show fig3 --depth 2,3
    """
    from overparam_cli.experiments import apply_overrides, flatten, load_experiment, to_dict
    from overparam_cli.report import json
    from overparam_cli.report.experiments import print_experiment

    overrides = collect_overrides(options)
    members = [apply_overrides(member, overrides) for member in flatten(load_experiment(experiment))]
    if as_json:
        json.show([to_dict(member) for member in members])
    else:
        for member in members:
            print_experiment(member)
