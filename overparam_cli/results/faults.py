"""What is wrong with the tables of a run folder, as far as they themselves can tell.

Rows that are missing or stand there twice, and numbers that the two tables and the manifest have in common but do not
agree on. Where a manifest knows digests they tell more; these hold in folders of any age.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from overparam_cli.experiments import from_dict
from overparam_cli.experiments.kind import kind
from overparam_cli.results.rows import Array, Owners
from overparam_cli.results.schema import COMPLETED, DIVERGED, LOG, STATUSES, STOP_AT_GAP, STOPPED, TRIALS

ROUNDING = 1e-12  # relative: beyond what the arithmetic of another machine does


def faults(manifest: Mapping[str, Any], trials: pd.DataFrame, log: pd.DataFrame) -> Iterator[str]:
    """Say what is wrong, the gravest first: whoever takes the first need not ask for the next."""
    yield from _rows(trials, log, thinned=bool(manifest.get("thinned")))
    own = kind(from_dict(manifest["config"]).kind)
    level, reported = own.levels[0], [outcome.column for outcome in own.outcomes if outcome.column in trials]
    for name, table, columns in ((TRIALS, trials, [level.final, *reported]), (LOG, log, [level.column])):
        for column in columns:
            if column not in table:
                yield f"{name} has no column '{column}'"
            elif table[column].dtype.kind not in "fi":
                yield f"{name} has no numbers in column '{column}'"
    yield from _outcomes(trials)
    yield from _ends(trials, log, {"final_loss": "loss", level.final: level.column})
    if level.column == "gap":
        yield from _gaps(manifest["optimum"], log)


def _rows(trials: pd.DataFrame, log: pd.DataFrame, *, thinned: bool) -> Iterator[str]:
    """Rows that are not there, or too often. Of a thinned log each trial has rows of its own."""
    if trials.empty:
        yield f"{TRIALS} has no rows"
    if trials["trial_id"].duplicated().any():
        yield f"{TRIALS} names a trial twice"
    for status in sorted(set(trials["status"]) - set(STATUSES)):
        yield f"{TRIALS} has an unknown status '{status}'"
    if log.duplicated(["trial_id", "iteration"]).any():
        yield f"{LOG} has an iteration twice"
    owners, iterations = Owners(log["trial_id"]), log["iteration"].to_numpy()
    every = np.ones(len(log), dtype=bool)
    first, last = owners.least(iterations, every), owners.most(iterations, every)
    start, end = (pd.Series(found, owners.names).reindex(trials["trial_id"]).to_numpy() for found in (first, last))
    unfinished = (trials["status"] == COMPLETED).to_numpy() & (end != trials["iterations"].to_numpy())
    yield from (f"{LOG} lacks the start of trial {trial_id}" for trial_id in trials["trial_id"][start != 0])
    yield from (f"{LOG} ends before trial {trial_id} does" for trial_id in trials["trial_id"][unfinished])
    yield from _stopped(trials, log, owners)
    if not thinned:
        yield from (f"{LOG} lacks rows of trial {trial_id}" for trial_id in _with_gaps(trials, owners, iterations))


def _stopped(trials: pd.DataFrame, log: pd.DataFrame, owners: Owners) -> Iterator[str]:
    """Trials that are said to have stopped at a gap, but were at it at another row than their last."""
    stopped = trials[trials["status"] == STOPPED].set_index("trial_id")
    if stopped.empty:
        return
    gaps = stopped[STOP_AT_GAP] if STOP_AT_GAP in stopped else stopped["final_gap"].mask(stopped["final_gap"].notna())
    iterations, at = log["iteration"].to_numpy(), (log["gap"] <= owners.of(gaps)).to_numpy()
    off = owners.least(iterations, at) != owners.most(iterations, np.ones(len(log), dtype=bool))
    for trial_id in owners.names[off & owners.names.isin(stopped.index)]:
        yield f"{LOG} does not end where trial {trial_id} came to the gap at which it stopped"


def _with_gaps(trials: pd.DataFrame, owners: Owners, iterations: Array) -> Iterator[str]:
    """Trials that lack a row another of the same length has: all are logged at the same points."""
    known = trials.set_index("trial_id")
    length, end = owners.named(known["iterations"]), owners.named(known["diverged_at"].fillna(np.inf))
    stopped, whole = owners.named(known["status"] == STOPPED) == 1, owners.named(known["status"] != DIVERGED) == 1
    end = np.where(stopped, owners.most(iterations, np.ones(len(iterations), dtype=bool)), end)
    there = owners.counts(iterations < end[owners.places])
    for total in trials["iterations"].unique():
        own = length == total
        points = np.unique(iterations[(own & whole)[owners.places]])
        yield from owners.names[own & (there < np.searchsorted(points, end))]


def _outcomes(trials: pd.DataFrame) -> Iterator[str]:
    """A completed trial has a final loss and a diverged one when it diverged, and neither what the other has."""
    completed, lost = trials["status"] != DIVERGED, trials["status"] == DIVERGED
    final, at = np.isfinite(trials["final_loss"]), trials["diverged_at"].notna()
    for wrong, what in (
        (completed & ~final, "completed, or stopped, without a final loss"),
        (completed & at, "both completed and diverged"),
        (lost & (final | ~at), "diverged at no iteration, or with a final loss"),
    ):
        if wrong.any():
            yield f"{TRIALS} has trial {trials.loc[wrong, 'trial_id'].iloc[0]} {what}"


def _ends(trials: pd.DataFrame, log: pd.DataFrame, pairs: Mapping[str, str]) -> Iterator[str]:
    """What a trial that has not diverged ended with is what its last logged row says."""
    completed = trials[trials["status"] != DIVERGED].set_index("trial_id")
    rows = log[log["trial_id"].isin(completed.index)]
    last = rows.loc[rows.groupby("trial_id")["iteration"].idxmax()].set_index("trial_id").reindex(completed.index)
    for final, column in pairs.items():
        if rows[column].isna().any():
            yield f"{LOG} has no {column} in a row of trial {rows.loc[rows[column].isna(), 'trial_id'].iloc[0]}"
        wrong = completed[final].to_numpy() != last[column].to_numpy()
        if wrong.any():
            yield f"{TRIALS} and {LOG} do not agree on the {final} of trial {completed.index[wrong][0]}"


def _gaps(optimum: Mapping[str, Any], log: pd.DataFrame) -> Iterator[str]:
    """A gap is the loss minus the optimum, to the precision that this is known with: later trials may know another."""
    best, width = optimum["loss"], _width(optimum)
    with np.errstate(all="ignore"):
        off = np.abs(log["gap"] - (log["loss"] - best)) > 10 * width + ROUNDING * (np.abs(log["loss"]) + abs(best))
    if off.any():
        yield f"{LOG} has a gap that is not the loss minus the optimum, of trial {log.loc[off, 'trial_id'].iloc[0]}"


def same_optimum(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests' optima are of one problem: the gaps of its trials may stand in one log."""
    known = [key for key in ("loss", "loss_at_zero") if one.get(key) is not None and other.get(key) is not None]
    inexact = 10 * (_width(one) + _width(other))
    return all(abs(one[key] - other[key]) <= inexact + 1e-9 * (abs(one[key]) + abs(other[key])) for key in known)


def _width(optimum: Mapping[str, Any]) -> float:
    """How precisely an optimal loss is known."""
    bound = optimum.get("lower_bound")
    return 0.0 if bound is None else abs(float(optimum["loss"]) - float(bound))
