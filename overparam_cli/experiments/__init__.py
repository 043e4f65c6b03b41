"""WHAT to run: experiments as data, from TOML files to the trials that a run trains."""

from overparam_cli.experiments.expansion import CurveRow, describe, expand, once, resolve
from overparam_cli.experiments.folders import effective_overrides, folder_name, is_full, named
from overparam_cli.experiments.keys import all_keys, kind_keys
from overparam_cli.experiments.loading import Summary, available, config_folder, flatten, load_experiment
from overparam_cli.experiments.model import LINEAR, Analysis, Curve, Experiment, Plot, config_hash, to_dict
from overparam_cli.experiments.overrides import apply_overrides, override_help, parse_assignments
from overparam_cli.experiments.stored import from_dict
from overparam_cli.experiments.trial import Trial
from overparam_cli.paper import of_the_paper

__all__ = [
    "LINEAR",
    "Analysis",
    "Curve",
    "CurveRow",
    "Experiment",
    "Plot",
    "Summary",
    "Trial",
    "all_keys",
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
    "kind_keys",
    "load_experiment",
    "named",
    "of_the_paper",
    "once",
    "override_help",
    "parse_assignments",
    "resolve",
    "to_dict",
]
