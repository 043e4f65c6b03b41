"""Which learning rate stands for a curve: "the one giving fastest convergence" (App. C.1), made a rule.

A rule scores one trial, lower is better; a rate's score is the median over its seeds; the lowest score wins. Only rates
with which no seed diverged, and for which every seed of the curve has been run, can win. Ties go to the lower final
gap, then to the smaller rate, so that the choice never depends on the order of the rows. "Gap" stands here for whatever
the run is judged by (see `measure`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from overparam_cli.errors import ConfigError, LogError
from overparam_cli.results.logs import DIVERGED, STATUSES, TRIALS, Run
from overparam_cli.results.measure import Measure, measure_of
from overparam_cli.results.runs import zero_gap
from overparam_cli.results.trajectories import crossing, final_gap, finite_points, gap_floor, log10_gap, trial_log


@dataclass(frozen=True)
class Yardstick:
    """What a rule may know beside the trial's log: gap to reach, gap below which numbers mean nothing, gap's column."""

    target: float
    floor: float
    column: str


@dataclass(frozen=True)
class Selection:
    """The rate chosen for a curve and what a reader must know about the choice."""

    curve: str
    rule: str
    lr: float | None  # None: every rate diverged, or none has been run with every seed
    rates: tuple[float, ...]  # the grid as far as it has been run, ascending
    diverged: tuple[float, ...]  # rates with which at least one seed diverged
    incomplete: tuple[float, ...]  # rates that lack seeds which other rates of the curve have
    edge: str | None  # "lowest" | "highest" rate of the grid won, so that the best may lie outside; None otherwise
    scores: dict[float, float]  # of the rates that could win

    @property
    def shown(self) -> float | None:
        """The rate to draw: the chosen one; without it the smallest, which is the one that diverges last."""
        return self.lr if self.lr is not None else min(self.rates, default=None)


def diverged(trials: pd.DataFrame, measure: Measure) -> pd.Series:
    """Return the mask of the trials that diverged; a final gap that is no number counts as divergence.

    Raises LogError when the trials lack the column of the measure.
    """
    if measure.final not in trials:
        raise LogError(f"{TRIALS} has no column {measure.final!r}: it is damaged; run it again elsewhere")
    finite = np.isfinite(trials[measure.final].to_numpy(np.float64))
    mask: pd.Series = (trials["status"] == DIVERGED) | ~finite
    return mask


def trials_of(run: Run, curve: str, lr: float | None = None) -> pd.DataFrame:
    """Return the finished trials of a curve (with one learning rate), sorted by learning rate and seed."""
    trials = run.trials[(run.trials["curve"] == curve) & run.trials["status"].isin(STATUSES)]
    if lr is not None:
        trials = trials[trials["lr"] == lr]
    return trials.sort_values(["lr", "seed"], ignore_index=True)


def logs_of(run: Run, curve: str, lr: float) -> dict[int, pd.DataFrame]:
    """Return seed → log for the trials of one curve at one learning rate."""
    trials = trials_of(run, curve, lr)
    return {int(seed): trial_log(run, trial) for seed, trial in zip(trials["seed"], trials["trial_id"], strict=True)}


def best_learning_rate(run: Run, curve: str, rule: str | None = None, *, target: float | None = None) -> Selection:
    """Choose the learning rate of one curve.

    `rule` is a key of SELECTION; by default the experiment's `analysis.selection`. `target` is the gap of the rule
    iterations-to-gap; by default `analysis.target_gap`, and without that a tenth of the gap at W = 0.

    Raises ConfigError when the rule does not exist.
    """
    analysis = run.manifest["config"].get("analysis", {})
    rule = rule or analysis.get("selection", "final-gap")
    if rule not in SELECTION:
        raise ConfigError(f"unknown selection rule {rule!r}: choose one of {', '.join(SELECTION)}")
    measure, trials = measure_of(run), trials_of(run, curve)
    goal = target or analysis.get("target_gap") or zero_gap(run) / 10
    yardstick = Yardstick(goal, gap_floor(run), measure.column)
    seeds = trials["seed"].nunique()
    rates = tuple(float(lr) for lr in sorted(trials["lr"].unique()))
    failed = tuple(float(lr) for lr in sorted(trials["lr"][diverged(trials, measure)].unique()))
    incomplete = tuple(lr for lr in rates if (trials["lr"] == lr).sum() < seeds)
    ranked = [
        (*_scores(run, curve, lr, SELECTION[rule], yardstick), lr)
        for lr in rates
        if lr not in failed and lr not in incomplete
    ]
    lr = min(ranked)[-1] if ranked else None
    return Selection(curve, rule, lr, rates, failed, incomplete, _edge(lr, rates), {row[-1]: row[0] for row in ranked})


def _scores(run: Run, curve: str, lr: float, rule: "Rule", yardstick: Yardstick) -> tuple[float, float]:
    """Return the medians over the seeds of the rule's score and of the final gap."""
    logs = logs_of(run, curve, lr).values()
    finals = [final_gap(log, yardstick.column) for log in logs]
    return float(np.median([rule(log, yardstick) for log in logs])), float(np.median(finals))


def _edge(lr: float | None, rates: tuple[float, ...]) -> str | None:
    """Return which edge of the grid the winner stands at; a fixed rate has no grid."""
    if lr is None or len(rates) < 2:
        return None
    return {rates[0]: "lowest", rates[-1]: "highest"}.get(lr)


def _score_final_gap(log: pd.DataFrame, yardstick: Yardstick) -> float:
    """Return the gap at the last iteration."""
    return final_gap(log, yardstick.column)


def _score_area(log: pd.DataFrame, yardstick: Yardstick) -> float:
    """Return the mean of log10 gap over the iterations (trapezoids): the area under the log-gap curve per iteration."""
    iterations, gaps = finite_points(log, yardstick.column)
    heights = log10_gap(gaps, yardstick.floor)
    if iterations[-1] == iterations[0]:
        return float(heights[-1])
    area = np.sum(np.diff(iterations) * (heights[1:] + heights[:-1]) / 2)
    return float(area / (iterations[-1] - iterations[0]))


def _score_iterations(log: pd.DataFrame, yardstick: Yardstick) -> float:
    """Return the (interpolated) iterations to the target gap; inf where it is never reached."""
    iterations = crossing(log, yardstick.target, yardstick.column)
    return inf if iterations is None else iterations


Rule = Callable[[pd.DataFrame, Yardstick], float]

SELECTION: dict[str, Rule] = {
    "final-gap": _score_final_gap,
    "area": _score_area,
    "iterations-to-gap": _score_iterations,
}
