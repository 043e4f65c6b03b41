"""A run read in another way is the run that was trained that way."""

from pathlib import Path

import numpy as np
import pytest

from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.experiments import apply_overrides, load_experiment
from overparam_cli.multiverse.views import at_rates, times_loss, until
from overparam_cli.results.run import Run
from overparam_cli.run.job import run_job
from overparam_cli.run.plan import plan
from overparam_cli.run.progress import display
from overparam_cli.run.settings import Settings

RATES = "1e-3,2e-3,1e-2,2e-2,1e-1,2e-1,5,10"


def trained(folder: Path, table: str, **given: object) -> Run:
    overrides = {"dataset": table, "targets": "y", "iterations": 100, "variant": "l4", "lr": RATES, **given}
    (job,) = plan(["fig3"], overrides, results=folder)
    with display(1, quiet=True) as progress:
        run_job(job, Settings(quiet=True, threads=1), progress)
    return Run.read(job.folder)


@pytest.fixture(scope="module")
def table(tiny_file: Path) -> str:
    return str(tiny_file.parent / "table.csv")


@pytest.fixture(scope="module")
def whole(table: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("whole"), table)


def outcomes(run: Run) -> dict[tuple[str, float], tuple[object, ...]]:
    columns = ["status", "diverged_at", "final_gap", "final_loss", "best_gap"]
    return {
        (str(row["curve"]), float(row["lr"])): tuple(row[name] for name in columns)
        for row in run.trials.to_dict("records")
    }


def same(one: Run, other: Run, rel: float) -> None:
    found, wanted = outcomes(one), outcomes(other)
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        assert found[key][0] == values[0], key
        assert list(found[key][1:-1]) == pytest.approx(list(values[1:-1]), rel=rel, nan_ok=True), key


def test_a_run_up_to_a_horizon_is_the_shorter_run(whole: Run, table: str, tmp_path: Path) -> None:
    shorter = trained(tmp_path, table, iterations=50)
    view = until(whole, 50)
    same(view, shorter, 0)
    assert view.iterations == 50
    assert {"completed", "diverged"} == {*view.trials["status"]}
    for name, curve in shorter.curves.items():
        for rule in ("final-gap", "lowest-gap", "area", "iterations-to-gap"):
            assert view.curves[name].choose(rule).lr == curve.choose(rule).lr


def test_a_horizon_that_was_not_logged_or_lies_beyond_cannot_be_read(whole: Run) -> None:
    assert until(whole, 100) is whole
    with pytest.raises(CannotJudgeError, match="ends at iteration 100, before 200"):
        until(whole, 200)


def test_a_factor_on_the_loss_is_another_rate(whole: Run, table: str, tmp_path: Path) -> None:
    """At half the rates, twice the loss: held against runs that were trained with the factor."""
    halves = "5e-4,1e-3,5e-3,1e-2,5e-2,1e-1,2.5,5"
    doubled = trained(tmp_path, table, loss_scale=2, lr=halves)
    wanted = {curve: {2 * float(rate): float(rate) for rate in halves.split(",")} for curve in whole.curves}
    view = at_rates(times_loss(whole, 2.0), wanted)
    same(view, doubled, 1e-4)
    assert view.level_at_zero == pytest.approx(doubled.level_at_zero, rel=1e-9)
    assert view.optimum["loss"] == pytest.approx(doubled.optimum["loss"], rel=1e-9)


def test_some_of_the_rates(whole: Run) -> None:
    view = at_rates(whole, {"depth-1": {1e-3: 1e-3, 1e-1: 1e-1}, "depth-2": {1e-2: 1e-2}})
    assert {name: curve.rates for name, curve in view.curves.items()} == {"depth-1": (1e-3, 1e-1), "depth-2": (1e-2,)}
    own = view.curves["depth-1"].logs(1e-1)[0]
    assert own is whole.curves["depth-1"].logs(1e-1)[0]
    assert np.isfinite(own.final)
    assert apply_overrides(load_experiment("fig3"), {}).name == view.experiment.name
