"""The built-in multiverses: what their files must say, and that their first options are what `overparam run` does."""

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from overparam_cli.claims import all_claims
from overparam_cli.cli.main import cli
from overparam_cli.experiments import expand, load_experiment
from overparam_cli.experiments.kind import kind
from overparam_cli.experiments.loading import config_folder, read_toml
from overparam_cli.experiments.tables import MULTIVERSE
from overparam_cli.multiverse.effects import EFFECTS
from overparam_cli.multiverse.library import reading
from overparam_cli.multiverse.loading import BUILT_IN, asked_for, load
from overparam_cli.multiverse.training import asked_packs, trials_of
from overparam_cli.multiverse.worlds import claims_of, experiments_of, first, part, worlds

CNN = "multiverse-cnn"
WORLDS = {  # weight decay 4 × loss 2 × smoothing 2; × standard deviation 2
    "cnn-parameters": 16,
    "cnn-accelerates": 16,
    "cnn-orders-of-magnitude": 16,
    "cnn-best-lr": 16,
    "cnn-init-insensitive": 32,
}


def test_all_files_of_multiverses_are_built_in() -> None:
    found = [path for path in config_folder().glob("*.toml") if read_toml(path).get("kind") == MULTIVERSE]
    assert {path.stem for path in found} == {*BUILT_IN}
    assert [load(name).name for name in BUILT_IN] == [*BUILT_IN]


@pytest.mark.parametrize("name", BUILT_IN)
def test_file_opens_with_command_time_and_expected_result(name: str) -> None:
    lines = (config_folder() / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    assert lines[0].removesuffix(f" {name}") == "# command:  overparam multiverse run"
    assert lines[1].startswith("# time: ")
    assert any(line.startswith("# expected: ") for line in lines[2:5])


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_axis_has_a_reason_and_every_claim_a_number(name: str) -> None:
    found = load(name)
    assert all(axis.reason and axis.title for axis in found.axes)
    assert {claim.id for claim in claims_of(found)} <= {*EFFECTS}


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_it_reads_first_is_what_a_run_is_read_as(name: str) -> None:
    found = load(name)
    for claim in claims_of(found):
        how = reading(found, first(found), experiments_of(claim))
        for experiment in experiments_of(claim):
            level = kind(found.experiments[experiment].kind).levels[0]
            assert how.loss in (None, level.loss)
            assert how.smoothing in (None, level.smoothing)
        assert how.factor in (None, {"": 1})
        assert how.rates in (None, "own")


def test_every_option_for_the_convolutional_network_has_a_reason() -> None:
    found = load(CNN)
    assert all(option.reason for axis in found.axes for option in axis.options)
    assert all(option.source for axis in found.axes for option in axis.options[1:])


@pytest.mark.parametrize("name", load(CNN).names)
def test_the_paper_as_first_read_is_what_a_run_trains(name: str) -> None:
    found = load(CNN)
    ours = trials_of(found, part(found, f"{name}/cross-entropy", first(found)))
    assert [(trial.curve, trial.trial_id) for trial in ours] == [
        (trial.curve, trial.trial_id) for trial in expand(load_experiment(name))["cross-entropy"]
    ]


def test_the_new_matrices_alone_are_those_of_their_own_experiment() -> None:
    found = load(CNN)
    ours = trials_of(found, part(found, "cnn-init/cross-entropy", {"std": "new"}))
    own = expand(load_experiment("cnn-init-new"))["cross-entropy"]
    assert [(trial.curve, trial.trial_id) for trial in ours] == [(trial.curve, trial.trial_id) for trial in own]


def test_the_claims_about_the_convolutional_network_have_these_worlds() -> None:
    found = load(CNN)
    assert {claim.id: sum(1 for _ in worlds(found, claim, {})) for claim in claims_of(found)} == WORLDS
    elsewhere = {"cnn-init-new-only", "cnn-batch-loss-factors", "cnn-batch-loss-names", "cnn-batch-loss-product"}
    assert {claim.id for claim in all_claims() if claim.id.startswith("cnn-")} == {*WORLDS} | elsewhere


def test_two_readings_that_train_alike_are_trained_once() -> None:
    packs = asked_packs(load(CNN), asked_for(load(CNN), ["decay=product,factors"]))
    sizes = {pack.folder.parent.name: pack.size for pack in packs}
    assert sizes == {
        "fig5-right@decay=product": 2,
        "fig5-right@decay=factors": 1,  # the original network is the same
        "cnn-init@decay=product+std=every": 5,  # the original and std 0.1 are Figure 5's
        "cnn-init@decay=product+std=new": 5,
        "cnn-init@decay=factors+std=every": 5,
        "cnn-init@decay=factors+std=new": 5,
        "cnn-lr@decay=product": 18,  # rate 0.01 is Figure 5's
        "cnn-lr@decay=factors": 9,
    }


def test_of_one_experiment_alone_there_is_what_its_worlds_are_made_of() -> None:
    """Trials of an earlier folder among it; the folders are those of all."""
    found, asked = load(CNN), asked_for(load(CNN), ["decay=product", "std=every"])
    names = {name: [pack.folder.parent.name for pack in asked_packs(found, asked, [name])] for name in found.names}
    fig5 = "fig5-right@decay=product"
    assert names == {
        "fig5-right": [fig5],
        "cnn-init": [fig5, "cnn-init@decay=product+std=every"],
        "cnn-lr": [fig5, "cnn-lr@decay=product"],
    }


@pytest.mark.parametrize("command", ["status", "run"])
def test_an_experiment_that_is_none_of_its_own_is_refused(command: str, tmp_path: Path) -> None:
    call = ["multiverse", command, CNN, "--experiment", "cnn-int", "--results", str(tmp_path)]
    done = CliRunner().invoke(cli, call)
    assert "'cnn-int' is none of its experiments; did you mean 'cnn-init'?" in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_it_goes_by_its_name(tmp_path: Path) -> None:
    def overparam(*words: str) -> str:
        done = CliRunner().invoke(cli, ["multiverse", *words, "--results", str(tmp_path)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    states = json.loads(overparam("status", CNN, "--json", "--axis", "decay=nothing"))
    assert [(row["state"], row["trials"]) for row in states] == [("not started", size) for size in (2, 5, 5, 18)]
    said = json.loads(overparam("verify", CNN, "--json"))
    assert {claim["claim"]: claim["worlds"] for claim in said["claims"]} == WORLDS
    assert {claim["at_best"] for claim in said["claims"]} == {None}  # no axis reads a finer grid
    table = pd.read_csv(tmp_path / CNN / "worlds.csv", keep_default_na=False)
    assert set(table["holds"]) == {"not run"}
    assert list(table)[:5] == ["claim", "decay", "std", "loss", "smoothing"]
    assert "at the best rate" not in overparam("verify", CNN)
