"""What runs are judged by: the CNN's by its smoothed cross-entropy, in selection, levels, speedups and the run table.

Curves are 10^(−rate·t), logged every ten iterations of 1000.
"""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from support.claim_logs import write_cnn_run
from support.synthetic_cnn import ADDED, ORIGINAL, CnnCurve, CnnTrial, factored, falling, lost, make_cnn_run
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.errors import LogError
from overparam_cli.experiments.kind import kind
from overparam_cli.report import terminal
from overparam_cli.report.summary import grids, heading
from overparam_cli.results.choice import SELECTION
from overparam_cli.results.run import Run
from overparam_cli.results.summary import Spread, summarise


@pytest.fixture
def run():
    """The factored network is four times as fast at 1e-2; with 1e-1 its second seed diverges late. Two seeds."""
    fast = [CnnTrial(exponential(8e-3)), CnnTrial(exponential(8e-3))]
    late = [CnnTrial(exponential(1e-2)), lost(CnnTrial(exponential(1e-2)), 801)]
    curves = {
        "original": CnnCurve(falling([2e-3, 2e-3]), label="original"),
        "factored": factored({1e-3: [CnnTrial(exponential(1e-3))] * 2, 1e-2: fast, 1e-1: late}, label="factored"),
    }
    return make_cnn_run(curves)


def printed(run):
    console = Console(width=200, record=True, file=io.StringIO())
    terminal.show(*grids(summarise(run)), console=console)
    return console.export_text()


def test_the_kind_of_experiment_decides(run):
    assert run.level is kind("cnn").levels[0]
    assert make_run({"a": Curve({1e-3: [Trial(exponential(1e-3))]})}).level is kind("linear").levels[0]


@pytest.mark.parametrize(("total", "first"), [(8593, 99), (100, 99), (99, 99), (40, 40)])
def test_a_mean_of_a_hundred_passes_ends_with_the_hundredth(total, first):
    run = make_cnn_run({"a": CnnCurve(falling([1e-3]))}, iterations=total, every=1)
    assert run.trajectory("a-0.01-0").points[0][0] == first


def test_means_of_fewer_passes_are_blank_and_nothing_else_is():
    run = make_cnn_run({"a": CnnCurve(falling([1e-3]))}, every=9)
    trial = run.trajectory("a-0.01-0")
    log = pd.DataFrame(trial.log)
    early = log["iteration"] < 99
    assert log.loc[early, ["cross_entropy_mean", "loss_mean"]].isna().all(axis=None)
    assert log.loc[~early, ["cross_entropy_mean", "loss_mean"]].notna().all(axis=None)
    assert log[["cross_entropy", "loss"]].notna().all(axis=None)
    assert run.log["cross_entropy_mean"].notna().all()  # the run itself is as it was read
    assert trial.reaches(1.0) == 99


def test_the_best_rate_has_the_lowest_final_cross_entropy_of_those_that_never_diverged(run):
    chosen = run.curves["factored"].choose()
    assert (chosen.lr, chosen.diverged, chosen.edge) == (1e-2, (1e-1,), None)
    assert chosen.scores == pytest.approx({1e-3: 10**-1.0, 1e-2: 10**-8.0})


def test_the_other_rules_take_the_cross_entropy_too():
    def early(t):
        return np.maximum(10.0 ** (-t / 100), 10**-1.5)

    run = make_cnn_run({"a": CnnCurve({0.1: [CnnTrial(early)], 0.2: [CnnTrial(exponential(2e-3))]})})
    assert {rule: run.curves["a"].choose(rule).lr for rule in SELECTION} == {
        "final-gap": 0.2,  # 10^−2 against 10^−1.5
        "lowest-gap": 0.2,
        "area": 0.1,
        "iterations-to-gap": 0.1,  # ln 10 / 10 after 64 iterations, if means counted from the start; after 319
    }


def test_the_levels_are_fractions_of_a_uniform_guess(run):
    shares = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
    assert run.fixed_levels == pytest.approx([math.log(10) * share for share in shares])
    given = make_cnn_run({"a": CnnCurve(falling([1e-3]))}, analysis={"gaps": [0.5, 0.1]})
    assert given.fixed_levels == (0.5, 0.1)


def test_the_summary_speaks_of_cross_entropy(run):
    summary = summarise(run)
    first, second = summary.curves
    assert first.final == Spread(*[pytest.approx(0.01)] * 3)
    # 500·log10(1/level) up to the next ten, and not before 100: log10(ln 10) = 0.3622 off the powers of ten
    assert first.iterations_to == (100, 170, 320, 470, 670, 820)
    assert second.iterations_to == (100, 100, 100, 120, 170, 210)
    assert [s.value for s in second.speedup_per_seed.values()] == [1000 / 250] * 2
    assert second.outcomes["parameters"] == ORIGINAL + ADDED
    assert second.outcomes["final_test_error"].median == pytest.approx(9.0)  # 90 · 10^−1
    assert second.outcomes["final_validation_error"].median == pytest.approx(4.5)
    assert second.final_effective_step is None
    (divergence,) = summary.divergences
    assert (divergence.lr, divergence.seeds, divergence.first) == (1e-1, (1,), 801)


def test_json_has_its_own_names_for_them(run):
    plain = json.loads(json.dumps(summarise(run).as_dict(), allow_nan=False))
    assert plain["levels"][0] == pytest.approx(math.log(10) / 2)
    curve = plain["curves"][1]
    assert curve["final_cross_entropy"]["median"] == pytest.approx(10**-8.0)
    assert (curve["parameters"], curve["speedup"]) == (ORIGINAL + ADDED, {"low": 4.0, "high": 4.0})
    assert {"final_validation_error", "final_test_error"} <= curve.keys()
    assert not {key for key in (*plain, *curve) if "gap" in key or key in ("extra", "measure", "final")}


def test_json_of_linear_runs_has_no_others():
    plain = summarise(make_run({"a": Curve({1e-3: [Trial(exponential(1e-3))]})})).as_dict()
    assert {"gaps", "optimum"} <= plain.keys()
    assert not {"levels", "measure"} & plain.keys()
    assert not {"parameters", "final_test_error", "extra", "final"} & plain["curves"][0].keys()


def test_the_table_has_the_columns_of_the_cnn_and_never_says_gap(run):
    text = printed(run)
    assert "gap" not in text
    assert "optimum" not in text
    titles = next(row for row in text.splitlines() if row.startswith("curve"))
    columns = ["lr", "rates diverged", "parameters", "final cross-entropy", "to 1.2", "to 0.023", "speedup"]
    columns += ["validation error %", "test error %"]
    places = [titles.index(column) for column in columns]
    assert places == sorted(places)
    (row,) = [line.split() for line in text.splitlines() if line.startswith("factored") and "×" in line]
    assert row[1:7] == ["1e-2", "1", "of", "3", "1,925,614", "1e-08"]
    assert row[-3:] == ["4×", "4.50", "9.00"]
    assert "mean of the last 100 steps" in text


def test_the_heading_is_the_data_sets(run):
    assert heading(summarise(run)) == (
        "fig5-right/cross-entropy · mnist · n = 55,000, d = 784 · 1,000 iterations · 2 seeds: median [lowest, highest]"
    )


def test_a_network_without_a_winner_has_no_errors():
    curves = {"original": CnnCurve(falling([1e-3])), "factored": factored({1e-2: [lost(CnnTrial(exponential(1)), 9)]})}
    lacking = summarise(make_cnn_run(curves)).curves[1]
    assert (lacking.final, lacking.outcomes["final_test_error"]) == (None, None)
    assert lacking.outcomes["parameters"] == ORIGINAL + ADDED


@pytest.mark.parametrize("table", ["trials", "log"])
def test_a_run_without_its_measure_is_damaged(tmp_path, table):
    folder = write_cnn_run(tmp_path, {"original": CnnCurve(falling([1e-3]))})
    Run.read(folder)
    column = {"trials": "final_cross_entropy", "log": "cross_entropy_mean"}[table]
    path = folder / f"{table}.csv"
    pd.read_csv(path).drop(columns=column).to_csv(path, index=False)
    with pytest.raises(LogError, match=column):
        Run.read(folder)
