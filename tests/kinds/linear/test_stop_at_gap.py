"""`stop_at_gap`: a trial ends at the first logged iteration at which its gap is small enough, by a closed form."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.twins import make_trial

from overparam_cli.cli.main import cli
from overparam_cli.data import Dataset
from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear.problem import LinearProblem, problem_of
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.kinds.linear.unit import LinearUnit
from overparam_cli.results.faults import faults
from overparam_cli.results.reading import read_tables
from overparam_cli.results.run import Run
from overparam_cli.results.schema import COMPLETED, DIVERGED, STOPPED, log_iterations
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import State

ITERATIONS = 2000
RATES = (1e-3, 3e-3, 0.1, 2.5)  # the slowest does not get there, the fastest diverges


def line() -> Dataset:
    """One feature of ±1, labels 2 of it and unexplained noise: gradient descent is 2 − (2 − w₀)(1 − η)ᵗ."""
    X = np.array([1.0, -1.0, 1.0, -1.0])
    return Dataset("line", X[:, None], (2 * X + [0.5, 0.5, -0.5, -0.5])[:, None], "the test", False, ("x",), ("y",))


def trials(**changes: Any) -> list[LinearTrial]:
    return [make_trial(loss="l2", lr=lr, iterations=ITERATIONS, **changes) for lr in RATES]


def problem() -> LinearProblem:
    return problem_of(line(), trials()[0])


def tables(unit: LinearUnit, seconds: float = 1e9) -> tuple[pd.DataFrame, pd.DataFrame]:
    while not unit.finished:
        unit.advance(seconds)
    return unit.tables()


def first_at(start: float, rate: float, gap: float) -> int | None:
    """The first logged iteration at which (w − 2)²/2 is at most `gap`, or None."""
    points = log_iterations(ITERATIONS)
    return next((t for t in points if start * (1 - rate) ** (2 * t) <= gap), None)


@pytest.mark.parametrize("kernel", ["torch", "auto"])
@pytest.mark.parametrize("gap", [0.5, 1e-2, 1e-7])
def test_trials_end_where_the_closed_form_says(gap: float, kernel: str) -> None:
    settings = Settings(kernel=kernel)
    plain = LinearUnit(trials(), problem(), settings)
    stopping = LinearUnit(trials(stop_at_gap=gap), problem(), settings)
    (_, whole), (rows, log) = tables(plain), tables(stopping)
    assert stopping.done == ITERATIONS
    for one, before, row in zip(stopping.trials, plain.trials, rows.itertuples(), strict=True):
        own, full = log[log["trial_id"] == one.trial_id], whole[whole["trial_id"] == before.trial_id]
        at = first_at(float(full["gap"].iloc[0]), one.lr, gap) if one.lr < 2 else None
        expected = DIVERGED if one.lr > 2 else COMPLETED if at is None else STOPPED
        assert row.status == expected, one.lr
        assert row.stop_at_gap == gap
        if at is not None:
            assert own["iteration"].iloc[-1] == at
            assert row.final_gap == own["gap"].iloc[-1] <= gap
        drop = own.drop(columns="trial_id").reset_index(drop=True)
        np.testing.assert_allclose(drop, full.drop(columns="trial_id").iloc[: len(own)], rtol=1e-9, atol=1e-15)


def test_without_it_nothing_is_named_otherwise_and_no_column_is_added() -> None:
    plain, never, some = (make_trial(**changes) for changes in ({}, {"stop_at_gap": 0.0}, {"stop_at_gap": 1e-3}))
    assert plain.trial_id == never.trial_id != some.trial_id
    assert "stop_at_gap" not in plain.identity()
    assert "stop_at_gap" not in plain.extras()


def test_a_gap_that_is_met_at_the_last_iteration_is_of_a_completed_trial() -> None:
    one = make_trial(loss="l2", lr=0.1, iterations=100)
    rows, _ = tables(LinearUnit([one], problem(), Settings()))
    exactly = replace(one, stop_at_gap=float(rows["final_gap"].iloc[0]))
    again, log = tables(LinearUnit([exactly], problem(), Settings()))
    assert (again["status"].iloc[0], log["iteration"].iloc[-1]) == (COMPLETED, 100)


def test_an_interrupted_batch_ends_as_an_undisturbed_one() -> None:
    make = trials(stop_at_gap=1e-2)
    undisturbed = tables(LinearUnit(make, problem(), Settings()))
    unit, hops = LinearUnit(make, problem(), Settings()), 0
    while not unit.finished:
        for _ in range(200):
            if not unit.finished:
                unit.advance(0)
        state: State = unit.state()
        unit = LinearUnit(make, problem(), Settings())
        unit.check(state)
        unit.restore(state)
        hops += 1
    assert hops > 3
    for one, two in zip(unit.tables(), undisturbed, strict=True):
        assert one.to_csv() == two.to_csv()


def test_a_checkpoint_older_than_it_is_still_gone_on_from() -> None:
    make = trials()
    unit, again = (LinearUnit(make, problem(), Settings()) for _ in range(2))
    unit.advance(0)
    state = dict(unit.state())
    state["history"] = {name: value for name, value in state["history"].items() if name != "stopped"}
    again.check(state)
    again.restore(state)
    assert tables(again)[1].to_csv() == tables(unit)[1].to_csv()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("stopped")
    options = [
        "--loss",
        "l2",
        "--lr",
        "1e-2,1.5e-2,2e-2",
        "--depth",
        "1,2",
        "--iterations",
        "3000",
        "--name",
        "s",
        "-q",
    ]
    command = ["run", "fig3", "--smoke", *options, "--stop-at-gap", "0.1", "--results", str(results)]
    assert CliRunner().invoke(cli, command, catch_exceptions=False).exit_code == 0
    return results / "fig3@s" / "l2"


def test_of_rates_that_stop_the_first_to_get_there_wins_by_every_rule(run_folder: Path) -> None:
    run = Run.read(run_folder)
    assert set(run.trials["status"]) == {STOPPED}
    assert run.shortcomings
    for curve in run.curves.values():
        for rule in ("final-gap", "area", "iterations-to-gap"):
            assert curve.choose(rule, target=0.1).lr == 2e-2, (
                rule
            )  # below 2/73 all are stable, and a larger one is faster
        assert "of 3 learning rates that came there, the first won" in curve.choose().noise
    slow, fast = (run.curves["depth-1"].logs(lr)[0].end for lr in (1e-2, 2e-2))
    (speedup,) = run.curves["depth-2"].choose().speedups(run.curves["depth-1"].choose()).values()
    assert speedup.value == fast / run.curves["depth-2"].logs(2e-2)[0].end
    assert slow > fast


@pytest.mark.parametrize("change", ["cut", "no more"])
def test_a_log_that_does_not_end_where_the_trial_stopped_is_refused(
    run_folder: Path, tmp_path: Path, change: str
) -> None:
    tables = read_tables(run_folder)
    trials, log = tables.trials, tables.log
    if change == "cut":
        first = trials["trial_id"].iloc[0]
        log = log[(log["trial_id"] != first) | (log["iteration"] < log["iteration"][log["trial_id"] == first].max())]
    else:
        trials = trials.assign(stop_at_gap=0.2)
    said = [*faults(tables.manifest, trials, log)]
    assert "came to the gap at which it stopped" in said[0]
    assert not [*faults(tables.manifest, tables.trials, tables.log)]


def test_networks_without_a_gap_have_no_such_option(tmp_path: Path) -> None:
    refused = CliRunner().invoke(cli, ["run", "cnn-lr", "--smoke", "--stop-at-gap", "1", "--results", str(tmp_path)])
    assert isinstance(refused.exception, ConfigError)
    assert "stop_at_gap" in str(refused.exception)


def test_it_is_no_negative_number(tmp_path: Path) -> None:
    refused = CliRunner().invoke(cli, ["run", "fig3", "--smoke", "--stop-at-gap", "-1", "--results", str(tmp_path)])
    assert isinstance(refused.exception, ConfigError)
