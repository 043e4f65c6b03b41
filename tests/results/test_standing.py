"""No learning rate is called the best of a curve that did not move, cannot move, or no longer moves."""

import numpy as np
import pandas as pd
import pytest
import torch
from support.claim_logs import stuck, until
from support.synthetic_cnn import CnnCurve, CnnTrial, make_cnn_run
from support.synthetic_runs import Curve, Trial, exponential, make_run
from support.twins import make_trial

from overparam_cli.figures.panels import panels_of
from overparam_cli.figures.plots import drawing
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.report.summary import curve_grid
from overparam_cli.results.choice import Choice
from overparam_cli.results.standing import still
from overparam_cli.results.summary import summarise
from overparam_cli.results.trajectory import Trajectory

WAITING = "has not left its plateau"
UNDERFLOWN = "its end-to-end matrix has underflowed to 0, where nothing moves"
STILL = "stands still at the floor of float32"


def nothing(t: np.ndarray) -> np.ndarray:
    return np.zeros(len(t))


def choice(*seeds: Trial, rates: int = 2) -> Choice:
    run = make_run({"a": Curve({0.1 * (n + 1): list(seeds) for n in range(rates)}, 8)})
    return run.curves["a"].choose()


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ([Trial(exponential(1e-2))], ""),
        ([Trial(stuck)], WAITING),
        ([Trial(exponential(4e-5))], WAITING),  # 0.91 of the start at the end
        ([Trial(exponential(5e-5))], ""),  # 0.89
        ([Trial(lambda t: 1 + t / 1000)], WAITING),  # it rises
        ([Trial(stuck, norm=nothing)], UNDERFLOWN),
        ([Trial(until(1e-2, 700))], STILL),
        ([Trial(lambda t: 1e-9 + exponential(1e-1)(t) + 1e-12 * (t % 20))], STILL),  # it goes round in a circle
        ([Trial(until(1e-2, 950))], ""),  # so late that it may be chance
        ([Trial(stuck), Trial(stuck), Trial(exponential(1e-2))], WAITING),  # most of the seeds
        ([Trial(stuck), Trial(exponential(1e-2))], ""),
    ],
)
def test_what_a_curve_has_come_to(seeds: list[Trial], expected: str) -> None:
    assert choice(*seeds).standing == expected


def test_table_and_figure_say_so_and_name_no_best() -> None:
    curves = {
        "deep": Curve({0.1: [Trial(stuck)], 0.2: [Trial(stuck)]}, 8, "8 layers"),
        "fine": Curve({0.1: [Trial(exponential(1e-4))], 0.2: [Trial(exponential(1e-2))]}, 1, "1 layer"),
        "fixed": Curve({0.1: [Trial(until(1e-2, 500))]}, 1, "still"),
    }
    run = make_run(curves)
    assert run.curves["deep"].choose().edge is None
    found = summarise(run)
    deep = [line for line in found.warnings if line.startswith("8 layers")]
    assert deep == [f"8 layers: {WAITING}: no learning rate is better than another"]
    assert f"still: {STILL}" in found.warnings
    grid = curve_grid(found)
    place = [column.name for column in grid.columns].index("lr")
    assert [str(row[place].words) for row in grid.rows] == ["(1e-1)", "2e-1 †highest", "(1e-1)"]
    (panel,) = panels_of([run])
    figure = drawing([panel], "learning-rates")
    rings = [line for line in figure.axes[0].lines if line.get_gid() == "chosen"]
    assert [line.get_xdata().tolist() for line in rings] == [[0.2]]
    assert f"not ringed: 8 layers, {WAITING}" in " ".join(figure.get_supxlabel().split())


def test_a_network_is_judged_by_its_means_alone() -> None:
    """The means of fewer than a hundred steps, blank in a trajectory, are no start."""
    saddle = CnnCurve({0.1: [CnnTrial(lambda t: 2.3 - t / 1e6)], 0.2: [CnnTrial(lambda t: 2.3 - t / 1e6)]})
    learns = CnnCurve({0.1: [CnnTrial(exponential(1e-3))]})
    run = make_cnn_run({"saddle": saddle, "learns": learns})
    assert {name: curve.choose().standing for name, curve in run.curves.items()} == {"saddle": WAITING, "learns": ""}


@pytest.mark.parametrize(("dtype", "optimizer", "expected"), [("float32", "gd", True), ("float64", "gd", False)])
def test_float32_stands_still_where_float64_goes_on(dtype: str, optimizer: str, expected: bool) -> None:
    """Two features whose curvatures are 1 and 1/200: float32's weights freeze while float64's still approach."""
    X = torch.tensor([[1.0, 0.0], [0.0, 0.07]], dtype=torch.float64)
    Y = X @ torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    trial = make_trial(loss="l2", lr=0.5, dtype=dtype, optimizer=optimizer, iterations=20_000)
    engine = Engine(X, Y, [trial], kernel="torch")
    points = list(range(0, 20_001, 500))
    losses = [float(snapshot.loss[0]) for snapshot in engine.run(20_000, points) if snapshot.loss is not None]
    log = pd.DataFrame({"iteration": points, "gap": losses})
    assert still(Trajectory(log, choice(Trial(stuck)).level)) is expected


def test_a_deep_network_of_small_weights_underflows() -> None:
    """Sixteen weights of 1e-3: their product is 1e-48, which float32 does not hold."""
    X, Y = torch.eye(2, dtype=torch.float64), torch.ones(2, 1, dtype=torch.float64)
    trial = make_trial(loss="l2", depth=16, init_std=1e-3, dtype="float32", iterations=10)
    engine = Engine(X, Y, [trial], kernel="torch")
    engine.advance(10)
    assert float(engine.end_to_end().abs().max()) == 0.0
