"""One run read in another way: shorter, at some of its learning rates, with a factor on its loss, by another loss.

Each gives the run that the experiment would have had with that choice, without training it: a trial of a million
iterations was at iteration 100,000 what one of 100,000 ends as, and s times the loss at the rate η moves the weights as
the loss at the rate sη does.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from overparam_cli.claims.model import CannotJudgeError
from overparam_cli.experiments.kind import Level
from overparam_cli.results.divergence import settle
from overparam_cli.results.run import Run
from overparam_cli.results.schema import COMPLETED, STOPPED

LOSSES = ("loss", "gap")  # columns of the log that a factor on the loss multiplies
OUTCOMES = ("final_loss", "final_gap", "best_loss", "best_gap")  # of trials.csv, the same
OPTIMUM = ("loss", "lower_bound", "loss_at_zero")  # of the manifest, the same


def until(run: Run, horizon: int) -> Run:
    """The run up to an iteration that was logged; what diverges later has not diverged.

    Raises CannotJudgeError where the run is shorter, or did not log that iteration.
    """
    if horizon == run.iterations:
        return run
    if horizon > run.iterations:
        raise CannotJudgeError(f"{run.folder} ends at iteration {run.iterations:,}, before {horizon:,}")
    if not (run.log["iteration"] == horizon).any():
        raise CannotJudgeError(f"{run.folder} did not log iteration {horizon:,}")
    log = run.log[run.log["iteration"] <= horizon].reset_index(drop=True)
    own = log.groupby("trial_id", sort=False)
    last, best = own.last(), own.min()
    ids = run.trials["trial_id"]
    later = (run.trials["diverged_at"] > horizon).fillna(False)
    going = run.trials["status"].eq(STOPPED) & (ids.map(run.log.groupby("trial_id")["iteration"].max()) > horizon)
    columns: dict[str, Any] = {
        "iterations": horizon,
        "status": run.trials["status"].mask(later | going, COMPLETED),
        run.level.final: ids.map(last[run.level.column]),
        "diverged_at": run.trials["diverged_at"].astype("float64").mask(later, np.nan),
        **{f"final_{name}": ids.map(last[name]) for name in ("loss", "norm") if f"final_{name}" in run.trials},
        **{f"best_{name}": ids.map(best[name]) for name in LOSSES if f"best_{name}" in run.trials},
    }
    return replace(run, trials=settle(run.trials.assign(**columns), log), log=log)


def judged_by(run: Run, level: Level) -> Run:
    """The run with its curves judged by another column of its log."""
    if level == run.level:
        return run
    last = run.log.groupby("trial_id", sort=False)[level.column].last()
    trials = run.trials.assign(**{level.final: run.trials["trial_id"].map(last).mask(run.lost)})
    return replace(run, trials=trials, judged_by=level)


def at_rates(run: Run, wanted: Mapping[str, Mapping[float, float]]) -> Run:
    """The run at some of its learning rates: curve → trained rate → what it is called here."""
    known = [
        wanted.get(curve, {}).get(float(lr)) for curve, lr in zip(run.trials["curve"], run.trials["lr"], strict=True)
    ]
    kept = np.array([rate is not None for rate in known], dtype=bool)
    trials = run.trials[kept].assign(lr=[rate for rate in known if rate is not None]).reset_index(drop=True)
    view = replace(run, trials=trials, log=run.log[run.log["trial_id"].isin(trials["trial_id"])])
    vars(view)["_trajectories"] = run._trajectories  # a trial's curve is the same in both
    vars(view)["_rows"] = run._rows
    return view


def times_loss(run: Run, factor: float) -> Run:
    """The run with a factor on its loss; its learning rates are the reader's business (see `at_rates`)."""
    if factor == 1:
        return run
    optimum = {
        name: value * factor if name in OPTIMUM and isinstance(value, int | float) else value
        for name, value in run.optimum.items()
    }
    trials = run.trials.assign(**{name: run.trials[name] * factor for name in OUTCOMES if name in run.trials})
    log = run.log.assign(**{name: run.log[name] * factor for name in LOSSES})
    return replace(run, manifest=run.manifest | {"optimum": optimum}, trials=trials, log=log)
