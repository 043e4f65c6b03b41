"""What a row of `trials.csv` says of its trial, whatever kind of network it is."""

from typing import Any

from overparam_cli.experiments import AnyTrial
from overparam_cli.results import logs


def describe(trial: AnyTrial) -> dict[str, Any]:
    """The columns of `trials.csv` that say what a trial is."""
    outcome = list(logs.TRIAL_COLUMNS).index("status")
    return {name: getattr(trial, name) for name in list(logs.TRIAL_COLUMNS)[:outcome]}


def hyper_text(trial: AnyTrial) -> str:
    """The optimiser's hyperparameters as a column has them."""
    return " ".join(f"{name}={value:g}" for name, value in trial.hyper)
