"""Ids of the built-in trials and hashes of the built-in files, as the first version of the package made them.

A finished trial is known by its id: were one to change, it would be run again.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from overparam_cli.experiments import apply_overrides, available, config_hash, expand, load_experiment

FORMER = {
    name: {"decay_on": "factors"} for name in ("fig5-right", "cnn-lr", "cnn-init")
}  # as the first version read them
GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "goldens" / "identities.json").read_text("utf-8"))


def test_every_built_in_experiment_is_held() -> None:
    assert set(GOLDEN) == {summary.name for summary in available()}


@pytest.mark.parametrize("name", GOLDEN)
def test_ids_and_hashes_are_as_they_were(name: str) -> None:
    experiment = load_experiment(name)
    assert config_hash(experiment) == GOLDEN[name]["config_hash"]
    former = apply_overrides(experiment, FORMER.get(name, {}))
    trials = {variant: [trial.trial_id for trial in own] for variant, own in expand(former).items()}
    assert trials == GOLDEN[name]["trials"]
