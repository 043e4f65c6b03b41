"""Trials identical in all but their curve's name are trained once, and every curve shows them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.program import program

import overparam as op
from overparam_cli.kinds.linear import unit as linear_unit
from overparam_cli.results import schema
from overparam_cli.results.plans import EARLIER, PLAN
from overparam_cli.results.run import Run
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import Job, plan
from overparam_cli.run.progress import Silent
from overparam_cli.run.settings import Settings

HEAD = """
name = "study"
title = "Some curves are the same"
kind = "linear"
[trial]
dataset = "simulated"
loss = "l2"
iterations = 20
lr = [1e-3, 1e-2]
seeds = 2
[analysis]
baseline = "net"
"""
NET = '[[curves]]\nname = "net"\ndepth = 1\n'
SAME = '[[curves]]\nname = "same"\ndepth = 1\nlr = [1e-2, 1e-1]\n'  # of its rates the first is the net's, too
DEEP = '[[curves]]\nname = "deep"\ndepth = 2\n'


def job(place: Path, curves: Sequence[str], head: str = HEAD, **overrides: object) -> Job:
    place.mkdir(exist_ok=True)
    (place / "study.toml").write_text("".join((head, *curves)), encoding="utf-8")
    (found,) = plan([str(place / "study.toml")], overrides, results=place / "results")
    return found


def run(place: Path, curves: Sequence[str], log_format: str | None = None) -> Run:
    made = job(place, curves)
    run_job(made, Settings(log_format=log_format), Silent())
    return Run.read(made.folder)


def test_a_run_writes_each_once_and_shows_it_with_both(tmp_path: Path) -> None:
    both = run(tmp_path / "both", (NET, SAME, DEEP))
    apart = run(tmp_path / "apart", (NET, SAME.replace("1e-2, ", ""), DEEP))  # without what they have in common
    for name in (schema.TRIALS, schema.LOG):
        assert (both.folder / name).read_bytes() == (apart.folder / name).read_bytes()
    assert both.curves["same"].rates == (1e-2, 1e-1)
    assert both.curves["net"].rates == (1e-3, 1e-2)
    for seed, trial in both.curves["same"].logs(1e-2).items():
        np.testing.assert_array_equal(trial.values, both.curves["net"].logs(1e-2)[seed].values)
    assert (both.planned, both.others, len(both.trained), len(both.trials)) == (10, 0, 10, 12)
    assert both.unfinished_seeds == ()
    listed = {curve: set(ids.split()) for curve, ids in both.manifest[PLAN].items()}
    assert {curve: len(ids) for curve, ids in listed.items()} == {"net": 4, "same": 4, "deep": 4}
    assert len(listed["net"] & listed["same"]) == 2


@pytest.mark.parametrize("log_format", ["csv", "parquet"])
def test_a_curve_of_nothing_new_needs_no_training(
    log_format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path, (NET, DEEP), log_format)
    monkeypatch.setattr(linear_unit, "Engine", None)  # calling it would fail
    again = run(tmp_path, (NET, DEEP, NET.replace("net", "copy")), log_format)
    assert again.others == 0
    assert again.manifest[EARLIER] == []
    assert list(again.labels) == ["net", "deep", "copy"]
    pd.testing.assert_frame_equal(
        again.curves["copy"].trials.drop(columns="curve"), first.curves["net"].trials.drop(columns="curve")
    )
    back = run(tmp_path, (NET, DEEP), log_format)
    pd.testing.assert_frame_equal(back.trials, first.trials)


def test_every_command_copes(tmp_path: Path) -> None:
    results = ("--results", str(tmp_path / "results"))
    job(tmp_path, (NET, SAME, DEEP))
    study = str(tmp_path / "study.toml")
    said = "2 trials of same are also another curve's, and trained once"
    code, out, err = program("run", study, *results, "--dry-run")
    assert (code, err) == (0, "")
    assert "10 trials" in out
    assert said in " ".join(out.split())
    code, out, err = program("run", study, *results)
    assert code == 0
    assert said in err + out
    code, out, _ = program("status", *results, "--json")
    assert [(row["state"], row["trials"]) for row in json.loads(out)] == [("complete", 10)]
    code, out, _ = program("table", "study", *results, "--json")
    (table,) = json.loads(out)
    curves = {curve["curve"]: curve for curve in table["curves"]}
    assert list(curves) == ["net", "same", "deep"]
    assert curves["net"]["selection"]["lr"] == curves["same"]["selection"]["lr"] == 1e-2
    assert curves["net"]["final_gap"] == curves["same"]["final_gap"]
    assert program("plot", "study", *results, "--format", "svg", "--quiet")[0] == 0
    assert program("compare", "study", "study", *results)[0] == 0


def test_a_claim_on_curves_that_an_override_made_equal_is_judged(tmp_path: Path) -> None:
    """Figure 2's claim that width does not matter, of one width in the place of two: every ratio is 1."""
    results = ("--results", str(tmp_path))
    small = ("--dataset", "simulated", "--set", "width=2", "--lr", "3e-2", "--iterations", "300", "--name", "one")
    assert program("run", "fig2", *small, *results, "--quiet")[0] == 0
    code, out, _ = program("verify", "fig2@one", *results, "--json")
    assert code == 0
    (claim,) = (own for own in json.loads(out)["claims"] if own["id"] == "width-negligible")
    assert "width 1 / width 100: 1–1" in claim["measured"]


def test_an_override_of_what_a_study_sweeps_leaves_fewer_trials(tmp_path: Path) -> None:
    sweep = '[sweep]\ndepth = [1, 2]\noptimizer = ["gd", "adam"]\n'
    made = job(tmp_path, (sweep,), head=HEAD.partition("[analysis]")[0], optimizer="adam")
    run_job(made, Settings(), Silent())
    found = Run.read(made.folder)
    assert (len(found.curves), len(found.trained), found.planned) == (4, 8, 8)
    assert {curve.optimizer for curve in found.curves.values()} == {"adam"}


def test_the_python_interface_has_rows_for_each_curve(tmp_path: Path) -> None:
    made = job(tmp_path, (NET, NET.replace("net", "copy")))
    run_job(made, Settings(), Silent())
    log = op.load(made.folder.parent).log
    one, other = (log[log["curve"] == name].drop(columns="curve").reset_index(drop=True) for name in ("net", "copy"))
    pd.testing.assert_frame_equal(one, other)
    assert len(one) == 4 * len(schema.log_iterations(20))
