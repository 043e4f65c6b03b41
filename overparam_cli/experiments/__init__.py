"""WHAT to run: experiments as data, from TOML files to the trials that a run trains."""

from overparam_cli.experiments.expansion import CurveRow, describe, expand, resolve
from overparam_cli.experiments.folders import effective_overrides, folder_name, is_full
from overparam_cli.experiments.keys import ALL_KEYS, CNN_KEYS, EVALUATION_GRID, TRIAL_KEYS
from overparam_cli.experiments.loading import Summary, available, config_folder, flatten, load_experiment
from overparam_cli.experiments.model import (
    CNN,
    LINEAR,
    SEMANTICS_VERSION,
    Analysis,
    AnyTrial,
    CnnTrial,
    Curve,
    Experiment,
    Plot,
    Trial,
    config_hash,
    to_dict,
)
from overparam_cli.experiments.overrides import (
    OVERRIDE_HELP,
    apply_overrides,
    parse_assignments,
)
from overparam_cli.experiments.stored import from_dict
from overparam_cli.paper import of_the_paper

__all__ = [
    "ALL_KEYS",
    "CNN",
    "CNN_KEYS",
    "EVALUATION_GRID",
    "LINEAR",
    "OVERRIDE_HELP",
    "SEMANTICS_VERSION",
    "TRIAL_KEYS",
    "Analysis",
    "AnyTrial",
    "CnnTrial",
    "Curve",
    "CurveRow",
    "Experiment",
    "Plot",
    "Summary",
    "Trial",
    "apply_overrides",
    "available",
    "config_folder",
    "config_hash",
    "describe",
    "effective_overrides",
    "expand",
    "flatten",
    "folder_name",
    "from_dict",
    "is_full",
    "load_experiment",
    "of_the_paper",
    "parse_assignments",
    "resolve",
    "to_dict",
]
