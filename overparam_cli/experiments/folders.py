"""What overrides mean for a run's results: which of them matter, which folder, whether it is the paper's run."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overparam_cli.errors import ConfigError
from overparam_cli.experiments.datasets import dataset_key, is_table
from overparam_cli.experiments.expansion import sweeps
from overparam_cli.experiments.key import COMMAND_LINE
from overparam_cli.experiments.model import Experiment
from overparam_cli.experiments.overrides import apply_overrides, checked_override
from overparam_cli.paper import of_the_paper
from overparam_cli.words import exact

_NEVER_A_FOLDER = ("seeds", "variant")  # they add trials, or choose among the experiment's own
_STILL_THE_PAPER = ("dtype",)  # the design offers both precisions


def effective_overrides(experiment: Experiment, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The overrides that change trials: not those that repeat the config, select variants or change the seed count."""
    kept = {key: value for key, value in overrides.items() if key not in _NEVER_A_FOLDER and value is not False}
    if not kept or not experiment.has_trials:
        return {}
    trials = _described(apply_overrides(experiment, kept))
    for key in sorted(kept, reverse=True):
        without = {other: value for other, value in kept.items() if other != key}
        try:
            unchanged = _described(apply_overrides(experiment, without))
        except ConfigError:  # what is left makes no sense alone: momentum without its optimiser
            continue
        if all(unchanged.get(variant) == own for variant, own in trials.items()):
            kept = without
    return kept


def _described(experiment: Experiment) -> dict[str, dict[str, dict[float, int]]]:
    """Per variant, what its trials are: of each sweep, how many seeds its learning rates have."""
    described: dict[str, dict[str, dict[float, int]]] = {}
    for variant, own in sweeps(experiment).items():
        for sweep in own:
            rates = described.setdefault(variant, {}).setdefault(sweep.first.sweep_id, {})
            rates |= {lr: max(sweep.seeds, rates.get(lr, 0)) for lr in sweep.lrs}  # two curves may have it
    return described


def is_full(experiment: Experiment, overrides: Mapping[str, Any]) -> bool:
    """Whether a run with these overrides may bear a verdict on the paper: its grid, iterations and data set, whole.

    More seeds, a selection of variants and another precision keep it so. `experiment` is without overrides.
    """
    if not experiment.has_trials:
        return not effective_overrides(experiment, overrides)
    datasets = {sweep.first.dataset for own in sweeps(experiment).values() for sweep in own}
    changed = set(effective_overrides(experiment, overrides))
    return changed <= set(_STILL_THE_PAPER) and all(map(of_the_paper, datasets))


def folder_name(experiment: Experiment, overrides: Mapping[str, Any], name: str | None = None) -> str:
    """The run's folder below the results folder: ``fig3``, ``fig3@iterations=1000+lr=1e-3``, or ``fig3@<name>``.

    Overrides that leave the trials as they are (see `effective_overrides`) make no folder of their own, and equal
    ones make equal folders however they were written or ordered. `experiment` is without overrides.
    """
    if name is not None:
        return named(experiment.name, {}, name)
    changed = effective_overrides(experiment, overrides)
    smoke = {"smoke": ""} if changed.pop("smoke", False) else {}
    texts = {key: _folder_text(key, checked_override(experiment.kind, key, value)) for key, value in changed.items()}
    return named(experiment.name, {**smoke, **texts})


def named(base: str, changed: Mapping[str, str], name: str | None = None) -> str:
    """``base``, ``base@smoke+key=text`` of what was changed, or ``base@<name>``: no result stands where another would.

    `changed`: keys and the texts of their values; a key with an empty text stands for itself, before the others. Safe
    on every file system: what would not be is replaced and a hash appended, as it is to what would be too long.
    ConfigError for a name that is no folder's.
    """
    if name is not None:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", name):
            raise ConfigError(f"--name {name!r} must consist of letters, digits and . _ - (at most 64)")
        return f"{base}@{name}"
    ordered = sorted(changed.items(), key=lambda item: (item[1] != "", item[0]))
    parts = [f"{key}={text}" if text else key for key, text in ordered]
    return f"{base}@{_safe('+'.join(parts))}" if parts else base


def _folder_text(key: str, value: Any) -> str:
    if key == "dataset" and is_table(value):
        return f"{Path(value).name}-{dataset_key(value, COMMAND_LINE)[-8:]}"
    if isinstance(value, tuple):
        return ("x" if key == "width" else ",").join(_folder_text("", item) for item in value)
    if isinstance(value, float):
        return exact(value)
    return str(value)


def _safe(name: str, longest: int = 100) -> str:
    safe = re.sub(r"[^a-z0-9.,=+_-]", "-", name.lower())
    if safe == name and len(safe) <= longest and safe[-1] != ".":
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{safe[:longest]}-{digest[:8]}"
