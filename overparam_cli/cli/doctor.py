"""`overparam doctor`."""

from pathlib import Path

import click

from overparam_cli.cli.options import data_dir_option, json_option, results_option
from overparam_cli.errors import OverparamError
from overparam_cli.words import count


@click.command()
@results_option
@data_dir_option
@json_option
def doctor(results: Path, data_dir: Path | None, as_json: bool) -> None:
    """Look at the installation: versions, devices, kernels, data, folders; what is missing, and what to do about it.

    Exits with 0 unless something is broken, then with the code that a run would end with.

    Example: overparam doctor
    """
    from overparam_cli.cli.checkup import checkup
    from overparam_cli.report.checkup import broken, print_checkup

    findings = checkup(results, data_dir)
    print_checkup(findings, as_json=as_json)
    if wrong := broken(findings):
        error = OverparamError(f"{count(len(wrong), 'thing')} broken: {'; '.join(own.what for own in wrong)}")
        error.exit_code = wrong[0].exit_code
        raise error
