"""One trial's logged curve: when it reaches a gap, where its plateau ends, how far it lies from another.

A trial's log is a DataFrame with (at least) the columns `iteration` and `gap`, sorted by iteration, as `trial_log`
returns it. gap = training loss minus certified optimum. Where a function takes a `column`, "gap" in its description
stands for whatever the run is judged by (see `measure`). Two clocks are used, and each function says which:

* **first logged iteration** (`reaches`, `plateau_end`): what the claims are stated in; late by at most an interval;
* **interpolated** (`crossing`, `gap_at`, `log10_distance`): log10 gap taken linear in the iteration between log points.
  Exact for exponential convergence, and needed where curves are shifted against each other: there the lag of the first
  logged iteration differs from curve to curve and would show up as a difference that the trials do not have.
"""

from dataclasses import dataclass
from math import inf, isinf

import numpy as np
import numpy.typing as npt
import pandas as pd

from overparam_cli.errors import LogError
from overparam_cli.results.logs import LOG, Run
from overparam_cli.results.measure import MEAN, is_cnn, measure_of, settled_at
from overparam_cli.results.runs import iterations

Array = npt.NDArray[np.float64]

PLATEAU = 0.9  # the initial plateau ends where the gap is this fraction of the gap at the start (claims.md)
SMALLEST = float(np.finfo(np.float64).tiny)  # stands in for a gap of 0 or below where a logarithm is taken


@dataclass(frozen=True)
class Speedup:
    """How many times fewer iterations a curve needs than another, as the interval that the logs allow.

    `low == high` where both reach the gap. A curve that never reaches it needs more iterations than it was given, so
    that only one side is known: (0, high) where the curve does not arrive, (low, inf) where the baseline does not.
    """

    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The speedup, or None where the logs only bound it."""
        return self.low if self.low == self.high and not isinf(self.low) else None


def trial_log(run: Run, trial_id: str) -> pd.DataFrame:
    """Return one trial's rows of the log, sorted by iteration.

    The CNN's running means are blanked until they cover all the passes they are the mean of: the first rows are means
    of a few mini-batches, or of one, and by luck may lie where the curve is not for long.

    Raises LogError when the log lacks the column that the run is judged by.
    """
    log = run.log[run.log["trial_id"] == trial_id].sort_values("iteration", ignore_index=True)
    measure = measure_of(run)
    if measure.column not in log:
        raise LogError(f"{run.folder / LOG} has no column {measure.column!r}: it is damaged; run it again elsewhere")
    if is_cnn(run):
        means = [column for column in log if str(column).endswith(MEAN)]
        log.loc[log["iteration"] < settled_at(iterations(run)), means] = np.nan
    return log


def finite_points(log: pd.DataFrame, column: str = "gap") -> tuple[Array, Array]:
    """Return the iterations and values of a column that are finite: a diverging trial's last rows may not be."""
    times, values = log["iteration"].to_numpy(np.float64), log[column].to_numpy(np.float64)
    finite = np.isfinite(values)
    return times[finite], values[finite]


def log10_gap(gaps: Array, floor: float = SMALLEST) -> Array:
    """Return log10 of the gaps, those below `floor` (0 and negative ones among them) counted as `floor`."""
    result: Array = np.log10(np.maximum(gaps, max(floor, SMALLEST)))
    return result


def reaches(log: pd.DataFrame, gap: float, column: str = "gap") -> int | None:
    """Return the first logged iteration whose gap is at most `gap`, or None."""
    hits = np.flatnonzero(log[column].to_numpy(np.float64) <= gap)  # NaN is never below
    return int(log["iteration"].iloc[hits[0]]) if hits.size else None


def crossing(log: pd.DataFrame, gap: float, column: str = "gap") -> float | None:
    """Return the iteration at which the gap first falls to `gap`, interpolated in log10 gap, or None."""
    times, gaps = finite_points(log, column)
    hits = np.flatnonzero(gaps <= gap)
    if not hits.size:
        return None
    after = int(hits[0])
    if after == 0 or gap <= 0:
        return float(times[after])
    above, below = log10_gap(gaps[after - 1 : after + 1])
    share = (above - np.log10(gap)) / (above - below)
    return float(times[after - 1] + share * (times[after] - times[after - 1]))


def start_gap(log: pd.DataFrame) -> float:
    """Return the gap at the first logged iteration, which is iteration 0."""
    return float(log["gap"].iloc[0])


def final_gap(log: pd.DataFrame, column: str = "gap") -> float:
    """Return the gap at the last logged iteration."""
    return float(log[column].iloc[-1])


def plateau_end(log: pd.DataFrame, fraction: float = PLATEAU) -> int | None:
    """Return the first logged iteration with gap ≤ `fraction` × the gap at the start, or None for a stuck trial."""
    return reaches(log, fraction * start_gap(log))


def gap_at(log: pd.DataFrame, iteration: float, column: str = "gap") -> float:
    """Return the gap at `iteration`, interpolated in log10 gap; a logged iteration gives its logged gap."""
    times, gaps = finite_points(log, column)
    exact = np.flatnonzero(times == iteration)
    if exact.size:
        return float(gaps[exact[0]])
    if not times.size or not times[0] <= iteration <= times[-1]:
        return float("nan")
    return float(10 ** np.interp(iteration, times, log10_gap(gaps)))


def log10_distance(
    one: pd.DataFrame, other: pd.DataFrame, *, starts: tuple[float, float] = (0.0, 0.0), floor: float = SMALLEST
) -> float | None:
    """Return max |log10 gap_one(starts[0] + t) − log10 gap_other(starts[1] + t)| over the t ≥ 0 that both logs cover.

    Both curves are piecewise linear in log10 gap, so the maximum stands at a log point of one of them: it is exact for
    the interpolants. None where the logs do not overlap. Gaps below `floor` count as `floor` (see `gap_floor`).
    """
    shifted = []
    for log, start in zip((one, other), starts, strict=True):
        times, gaps = finite_points(log)
        if not times.size:
            return None
        shifted.append((times - start, log10_gap(gaps, floor)))
    end = min(times[-1] for times, _ in shifted)
    begin = max(0.0, *(times[0] for times, _ in shifted))
    if end < begin:
        return None
    points = np.concatenate([[begin, end], *(times for times, _ in shifted)])
    points = points[(points >= begin) & (points <= end)]
    first, second = (np.interp(points, *curve) for curve in shifted)
    return float(np.max(np.abs(first - second)))


def aligned_distance(
    one: pd.DataFrame, other: pd.DataFrame, *, fraction: float = PLATEAU, floor: float = SMALLEST
) -> float | None:
    """Return `log10_distance` with both curves counted from the (interpolated) end of their initial plateau.

    None where one of the two never leaves its plateau.
    """
    ends = [crossing(log, fraction * start_gap(log)) for log in (one, other)]
    if ends[0] is None or ends[1] is None:
        return None
    return log10_distance(one, other, starts=(ends[0], ends[1]), floor=floor)


def speedup(curve: pd.DataFrame, baseline: pd.DataFrame, gap: float, column: str = "gap") -> Speedup:
    """Return reaches(baseline, gap) / reaches(curve, gap); bounds where one of them never gets there."""
    fast, slow = reaches(curve, gap, column), reaches(baseline, gap, column)
    low = _ratio(int(baseline["iteration"].iloc[-1]) if slow is None else slow, fast) if fast is not None else 0.0
    high = _ratio(slow, int(curve["iteration"].iloc[-1]) if fast is None else fast) if slow is not None else inf
    return Speedup(low, high)


def _ratio(numerator: int, denominator: int) -> float:
    """Return the ratio of two iteration counts; two curves that start below the gap are equally fast."""
    if denominator == 0:
        return 1.0 if numerator == 0 else inf
    return numerator / denominator


def median_speedup(speedups: list[Speedup]) -> Speedup | None:
    """Return the median over the seeds, as the interval between the medians of the lower and of the upper ends."""
    if not speedups:
        return None
    return Speedup(float(np.median([s.low for s in speedups])), float(np.median([s.high for s in speedups])))


def effective_step(learning_rate: float, norm: npt.ArrayLike, depth: int) -> Array:
    """Return η‖W_e‖^(2−2/N), the factor that Eq. 12 puts before the gradient, elementwise in the norm."""
    result: Array = learning_rate * np.asarray(norm, dtype=np.float64) ** (2 - 2 / depth)
    return result


def gap_floor(run: Run) -> float:
    """Return the gap below which this run's numbers mean nothing.

    That is the largest of: the width of the optimum's certified interval, the spacing of float64 at the optimum, and
    the most negative gap in the log (a gap below zero shows by its size how imprecise the logged losses are).
    """
    optimum = run.manifest.get("optimum", {})
    loss = float(optimum.get("loss") or 0.0)
    width = loss - float(optimum.get("lower_bound", loss))
    gaps = run.log["gap"].to_numpy(np.float64)
    undershoot = -float(np.min(gaps, initial=0.0, where=np.isfinite(gaps)))
    return max(width, float(np.spacing(loss)), undershoot, SMALLEST)
