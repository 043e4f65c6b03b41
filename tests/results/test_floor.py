"""Gaps at, below and around the floor: what is ranked there is noise, and said to be."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.synthetic_runs import OPTIMUM, START, Curve, Trial, exponential, make_run

from overparam_cli.claims.measures import notes_of
from overparam_cli.cli.main import cli
from overparam_cli.results.run import Run
from overparam_cli.results.summary import summarise

FLOOR = 1e-14  # the width of the certified interval of a synthetic run


def settling(rate: float, end: float) -> Trial:
    """A gap that falls exponentially and then stays at `end`, which may be 0 or below."""
    fall = exponential(rate)
    return Trial(lambda t: np.where(fall(t) > FLOOR, fall(t), end))


@pytest.mark.parametrize("ends", [(0.0, -9e-15), (-9e-15, 0.0), (9e-15, 2e-15)])
def test_of_rates_that_end_at_the_floor_the_first_to_get_there_wins(ends: tuple[float, float]) -> None:
    trials = {1e-3: [settling(0.02, ends[0])], 1e-2: [settling(0.1, ends[1])], 1e-4: [Trial(exponential(1e-3))]}
    run = make_run({"depth-1": Curve(trials)})
    assert run.floor == pytest.approx(FLOOR, rel=1e-3)
    choice = run.curves["depth-1"].choose()
    assert choice.lr == 1e-2
    assert choice.at_floor == (1e-3, 1e-2)
    said = "2 learning rates end below the precision of the optimum, 1e-14, where their order is noise"
    assert any(said in line for line in summarise(run).warnings)
    assert any(said in note for note in notes_of([choice]))


def test_one_that_ends_above_the_floor_is_ranked_as_ever() -> None:
    trials = {1e-3: [Trial(exponential(0.005))], 1e-2: [Trial(exponential(0.012))]}
    choice = make_run({"depth-1": Curve(trials)}).curves["depth-1"].choose()
    assert (choice.lr, choice.at_floor, choice.noise) == (1e-2, (), "")


def test_speedups_and_iterations_are_taken_down_to_the_floor_and_no_further() -> None:
    """Both fall through the floor, at 14 decades over their rate; what they do below is not compared."""
    curves = {"depth-1": Curve({1e-3: [settling(0.02, -9e-15)]}), "depth-2": Curve({1e-3: [settling(0.04, 9e-15)]}, 2)}
    run = make_run(curves, analysis={"baseline": "depth-1", "selection": "final-gap", "gaps": [1e-3, 1e-20]})
    shallow, deep = summarise(run).curves
    assert deep.speedup is not None
    assert deep.speedup.value == pytest.approx(2.0, rel=0.02)
    assert shallow.iterations_to == (150, None)


def test_a_rate_that_ends_above_its_start_is_said_to(tmp_path: Path) -> None:
    rising = Trial(lambda t: START * (1 + np.asarray(t) / 100))
    lines = summarise(make_run({"depth-1": Curve({1e-3: [rising]})})).warnings
    assert any("even lr 0.001 ends above its start" in line for line in lines)


@pytest.mark.parametrize(("loss", "degree"), [("l2", 2), ("l4", 4), ("huber", 2)])
def test_an_optimum_of_zero_has_the_precision_of_the_labels(loss: str, degree: int) -> None:
    run = make_run({"depth-1": Curve({1e-3: [settling(0.1, 0.0)]})}, variant=loss)
    optimum = {"loss": 0.0, "lower_bound": 0.0, "loss_at_zero": OPTIMUM}
    exact = Run(run.folder, {**run.manifest, "optimum": optimum}, run.trials, run.log)
    assert exact.floor == pytest.approx(OPTIMUM * sys.float_info.epsilon**degree)


def test_a_gap_of_exactly_zero_is_drawn_and_said(tmp_path: Path) -> None:
    """The two points of Section 7 are the unit vectors: L = ‖W − (y₁, y₂)‖²/4, and one step of η = 2 ends at W = y."""
    asked = ["run", "fig3", "--dataset", "two-points", "--set", "preprocessing=none", "--loss", "l2", "--depth", "1"]
    options = [
        "--lr",
        "0.1,2",
        "--iterations",
        "60",
        "--dtype",
        "float64",
        "--results",
        str(tmp_path),
        "--name",
        "exact",
    ]
    done = CliRunner().invoke(cli, [*asked, *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert "1 layer: only lr 2 ends below the precision of the optimum" in " ".join(done.output.split())
    run = Run.read(tmp_path / "fig3@exact" / "l2")
    assert run.curves["depth-1"].choose().lr == 2
    assert run.trials.set_index("lr")["final_gap"][2.0] == 0.0
    drawn = CliRunner().invoke(cli, ["plot", "fig3@exact", "--results", str(tmp_path), "--format", "svg"])
    assert drawn.exit_code == 0, drawn.output
