"""What has diverged is asked of the losses alone, by one definition in every precision and for folders of any age."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_runs import Curve, Trial, exponential, make_run

from overparam_cli.cli.main import cli
from overparam_cli.errors import ConfigError
from overparam_cli.results.divergence import FAR, settle
from overparam_cli.results.run import Run

NAN = math.nan


def settled(losses: dict[int, float], recorded: float = NAN) -> tuple[str, float, float]:
    """Status, when, and the final loss of one trial with these losses at these iterations."""
    log = pd.DataFrame({"trial_id": "aa", "iteration": [*losses], "loss": [*losses.values()]})
    lost = not math.isnan(recorded)
    row = {"trial_id": "aa", "status": "diverged" if lost else "completed", "diverged_at": recorded}
    row["final_loss"] = NAN if lost else log["loss"].iloc[-1]
    found = settle(pd.DataFrame([row]), log).iloc[0]
    return found["status"], found["diverged_at"], found["final_loss"]


@pytest.mark.parametrize(
    ("losses", "recorded", "at"),
    [
        ({0: 2.0, 10: 1.0, 20: 1e-3}, NAN, None),
        ({0: 2.0, 10: 2 * FAR, 20: 1e-3}, NAN, None),  # high for a while, and back
        ({0: 2.0, 10: 2.0, 20: 2 * FAR}, NAN, None),  # no more than FAR times its start
        ({0: 2.0, 10: 2.0, 20: 2.1 * FAR}, NAN, 20),
        ({0: 2.0, 10: 2.1 * FAR, 20: 2.0, 30: 3 * FAR, 40: 1e246}, NAN, 30),  # from where on it was so to the end
        ({0: 2.0, 10: 2.0}, 17.0, 17),  # W_e was not finite, and no loss had shown it
        ({0: 2.0, 10: 3 * FAR, 20: 1e30}, 28.0, 10),  # the loss had shown it long before
        ({0: 2.0, 10: NAN}, NAN, 10),
        ({0: NAN}, 0.0, 0),
        ({0: 0.0, 10: 0.0}, NAN, None),
    ],
)
def test_a_trial_has_diverged_where_its_loss_ends_far_above_its_start(
    losses: dict[int, float], recorded: float, at: int | None
) -> None:
    status, when, final = settled(losses, recorded)
    assert status == ("completed" if at is None else "diverged")
    assert math.isnan(when) if at is None else when == at
    assert math.isnan(final) == (at is not None)


@given(st.lists(st.sampled_from([0.0, 1.0, FAR, 2 * FAR, 1e300, math.inf, NAN]), min_size=1, max_size=6))
def test_it_is_the_first_look_after_the_last_good_one(losses: list[float]) -> None:
    lost = [not value <= FAR for value in losses]
    expected = NAN if not lost[-1] else next(i for i in range(len(lost)) if all(lost[i:]))
    curve = {0: 1.0, **{10 * (i + 1): value for i, value in enumerate(losses)}}
    assert settled(curve)[1] == pytest.approx(10 * (expected + 1), nan_ok=True)


def test_the_log_of_a_diverged_trial_is_read_up_to_there() -> None:
    trial = Trial(lambda t: np.where(t < 50, 1.0, 1e5), diverged_at=80)
    run = make_run({"a": Curve({1e-3: [trial], 1e-4: [Trial(exponential(1e-3))]})})
    run = Run(run.folder, run.manifest, settle(run.trials, run.log), run.log)
    assert run.trajectory("a-0.001-0").end == 50
    assert run.trajectory("a-0.0001-0").end == 1000


ASKED = ["run", "fig3", "--dataset", "simulated", "--loss", "l2", "--depth", "1", "--lr", "0.01,0.1", "--quiet"]


def test_a_blow_up_is_the_same_in_every_precision(tmp_path: Path) -> None:
    """Gradient descent on ℓ2 diverges where η > 2/λ, λ = 51 the top eigenvalue of XᵀX/n: 0.01 is below, 0.1 is not."""
    found = {}
    for dtype in ("float32", "float64"):
        options = ["--iterations", "200", "--dtype", dtype, "--name", dtype, "--results", str(tmp_path)]
        assert CliRunner().invoke(cli, [*ASKED, *options], catch_exceptions=False).exit_code == 0
        run = Run.read(tmp_path / f"fig3@{dtype}" / "l2")
        found[dtype] = [*run.trials.set_index("lr")[["status", "diverged_at"]].itertuples(name=None)]
        assert run.curves["depth-1"].choose().lr == 0.01
    assert str(found["float32"]) == str(found["float64"])
    assert [status for _, status, _ in found["float64"]] == ["completed", "diverged"]
    assert np.isfinite(run.log["loss"]).all()  # of the float64 run: nothing overflowed

    trials = tmp_path / "fig3@float64" / "l2" / "trials.csv"
    losses = dict(iter(run.log.groupby("trial_id")["loss"]))
    table = pd.read_csv(trials, dtype={"diverged_at": "Int64"})
    table["final_loss"] = [losses[name].iloc[-1] for name in table["trial_id"]]
    table["final_gap"] = table["final_loss"] - run.optimum["loss"]
    table.assign(status="completed", diverged_at=None).to_csv(trials, index=False)  # as it used to be written
    assert Run.read(trials.parent).curves["depth-1"].choose().lr == 0.01
    assert CliRunner().invoke(cli, ["plot", "fig3@float64", "--results", str(tmp_path), "--quiet"]).exit_code == 0


@pytest.mark.parametrize("change", [["--lr", "0.1", "--set", "init_std=1e38"], ["--lr", "3e38"]])
def test_a_measured_run_of_which_every_trial_diverges_at_once_is_finished(tmp_path: Path, change: list[str]) -> None:
    asked = ["run", "fig3", "--dataset", "two-points", "--set", "preprocessing=none", "--loss", "l4", "--depth", "2"]
    options = ["--iterations", "3", "--measure", "sharpness", "--name", "x", "--results", str(tmp_path)]
    for _ in range(2):  # the second time all trials are finished, with the measure asked for
        done = CliRunner().invoke(cli, [*asked, *options, *change], catch_exceptions=False)
        assert done.exit_code == 0
    run = Run.read(tmp_path / "fig3@x" / "l4")
    assert (run.trials["status"] == "diverged").all()
    assert "sharpness" in run.log


def test_the_smallest_rates_are_measured_and_drawn_or_refused(tmp_path: Path) -> None:
    """Below float64's smallest normal number a rate is 0 to the processor that trains."""
    asked = ["run", "fig3", "--dataset", "two-points", "--set", "preprocessing=none", "--loss", "l4", "--depth", "1,2"]
    options = ["--iterations", "3", "--measure", "sharpness", "--name", "x", "--results", str(tmp_path)]
    with pytest.raises(ConfigError, match=r"below 2\.23e-308 counts as 0"):
        CliRunner().invoke(cli, [*asked, *options, "--lr", "5e-324"], catch_exceptions=False)
    for command in (
        [*asked, *options, "--lr", "3e-308", "--dtype", "float64"],
        ["plot", "fig3@x", "--results", str(tmp_path)],
    ):
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    run = Run.read(tmp_path / "fig3@x" / "l4")
    assert (run.trials["status"] == "completed").all()
    assert np.isfinite(run.log["sharpness"]).all()
