"""A seeded part of what `tools/torture.py` does at length: damaged experiment files and overrides."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.damage_configs import ConfigCase, config_cases, override_cases

from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError, OverparamError
from overparam_cli.experiments import all_keys, apply_overrides, load_experiment, to_dict
from overparam_cli.experiments.folders import folder_name


def judge(case: ConfigCase, path: Path) -> None:
    """Refused in one line, or all that was given is there."""
    found = CliRunner().invoke(cli, list(case.arguments(path)), standalone_mode=False)
    if found.exception is None:
        assert not case.wrong(json.loads(found.stdout)), case
    else:
        assert isinstance(found.exception, OverparamError) or type(found.exception).__module__.startswith("click"), case
        assert "\n" not in str(found.exception).strip(), case


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_or_read_whole(tmp_path: Path, seed: int) -> None:
    for case in config_cases(random.Random(seed), 60):
        judge(case, tmp_path / "case.toml")


@pytest.mark.parametrize("seed", range(4))
def test_overrides_are_refused_or_mean_what_they_say(tmp_path: Path, seed: int) -> None:
    for case in override_cases(random.Random(seed), (*all_keys(),), 60):
        judge(case, tmp_path / "case.toml")


@given(key=st.sampled_from([*all_keys(), "variant", "smoke", "other"]), value=st.text(max_size=30))
def test_no_text_of_an_override_is_more_than_refused(key: str, value: str) -> None:
    experiment = load_experiment("fig3")
    try:
        changed = apply_overrides(experiment, {key: value})
        name = folder_name(experiment, {key: value})
    except ConfigError:
        return
    json.dumps(to_dict(changed), allow_nan=False)
    assert Path(name).name == name
    assert len(name.encode()) < 200


@given(
    rates=st.lists(st.floats(min_value=1e-30, max_value=1e30), min_size=1, max_size=20, unique=True),
    form=st.sampled_from(["{!r}", "{:.17e}", "{:.17g}", " {!r} "]),
)
def test_a_list_of_rates_is_read_as_python_reads_it(rates: list[float], form: str) -> None:
    text = ",".join(form.format(rate) for rate in rates)
    assert apply_overrides(load_experiment("fig3"), {"lr": text}).forced["lr"] == tuple(sorted(rates))
