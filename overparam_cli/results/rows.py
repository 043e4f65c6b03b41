"""What a row of `trials.csv` says of its trial, whatever kind of network it is."""

from typing import Any

from overparam_cli.experiments import AnyTrial
from overparam_cli.results.schema import TRIAL_COLUMNS


def describe(trial: AnyTrial) -> dict[str, Any]:
    """The columns of `trials.csv` that say what a trial is."""
    names = list(TRIAL_COLUMNS)
    return {name: getattr(trial, name) for name in names[: names.index("status")]}


def hyper_text(trial: AnyTrial) -> str:
    """The optimiser's hyperparameters as a column has them."""
    return " ".join(f"{name}={value:g}" for name, value in trial.hyper)
