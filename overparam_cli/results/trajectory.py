"""One trial's logged curve: when it reaches a level, where its plateau ends, how far it lies from another's.

The level is what the run is judged by (`experiments.kind.Level`): for linear networks the gap, training loss minus
certified optimum. Two clocks are used, and each method says which:

* **first logged iteration** (`reaches`, `plateau_end`): what the claims are stated in; late by at most an interval;
* **interpolated** (`crossing`, `at`, `log10_distance`): log10 of the level taken linear in the iteration between log
  points. Exact for exponential convergence, and needed where curves are shifted against each other: there the lag of
  the first logged iteration differs from curve to curve and would show up as a difference that the trials do not have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf, isinf
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from overparam_cli.experiments.kind import Level

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

PLATEAU = 0.9  # the initial plateau ends where the level is this fraction of the start's (claims.md)
SMALLEST = float(np.finfo(np.float64).tiny)  # stands in for a level of 0 or below where a logarithm is taken


def log10(values: Array, floor: float = SMALLEST) -> Array:
    """log10 of the values, those below `floor` (0 and negative ones among them) counted as `floor`."""
    result: Array = np.log10(np.maximum(values, max(floor, SMALLEST)))
    return result


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One trial's rows of the log, column by column, sorted by iteration, and the level that it is judged by.

    `lost` says that it has diverged; `going` that it is under way, so that its last row is not its end.
    """

    log: "Mapping[str, npt.NDArray[Any]] | pd.DataFrame"
    level: Level
    lost: bool = False
    going: bool = False

    def by(self, level: Level) -> "Trajectory":
        """The same trial judged by another level."""
        return replace(self, level=level)

    def until(self, iteration: int) -> "Trajectory":
        """The same trial as it stood at `iteration`."""
        kept = self.iterations <= iteration
        return replace(self, log={str(name): np.asarray(self.log[str(name)])[kept] for name in self.log})

    def _values(self, name: str) -> Array:
        return np.asarray(self.log[name], dtype=np.float64)

    @cached_property
    def iterations(self) -> Array:
        """The logged iterations."""
        return self._values("iteration")

    @cached_property
    def values(self) -> Array:
        """The level at the logged iterations."""
        return self._values(self.level.column)

    @cached_property
    def points(self) -> tuple[Array, Array]:
        """The iterations and values that are finite: a diverging trial's last ones may not be."""
        return self.finite(self.level.column)

    def column(self, name: str) -> Array | None:
        """A logged column; None where it was not measured."""
        return self._values(name) if name in self.log else None

    def finite(self, name: str) -> tuple[Array, Array]:
        """The iterations and values of a logged column where it is finite; raises KeyError where there is none."""
        values = self._values(name)
        kept = np.isfinite(values)
        return self.iterations[kept], values[kept]

    @property
    def start(self) -> float:
        """The level at the first logged iteration, which is iteration 0."""
        return float(self.values[0])

    @property
    def final(self) -> float:
        """The level at the last logged iteration."""
        return float(self.values[-1])

    @property
    def lowest(self) -> float:
        """The lowest level that was logged; infinite where none is a number."""
        return float(np.min(self.points[1], initial=np.inf))

    @property
    def end(self) -> int:
        """The last logged iteration."""
        return int(self.iterations[-1])

    def reaches(self, level: float) -> int | None:
        """The first logged iteration at or below `level`, or None."""
        hits = np.flatnonzero(self.values <= level)  # NaN is never below
        return int(self.iterations[hits[0]]) if hits.size else None

    def crossing(self, level: float) -> float | None:
        """The iteration at which it first falls to `level`, interpolated in log10, or None."""
        times, values = self.points
        hits = np.flatnonzero(values <= level)
        if not hits.size:
            return None
        after = int(hits[0])
        if after == 0 or level <= 0:
            return float(times[after])
        above, below = log10(values[after - 1 : after + 1])
        share = (above - np.log10(level)) / (above - below)
        return float(times[after - 1] + share * (times[after] - times[after - 1]))

    def at(self, iteration: float) -> float:
        """The level at `iteration`, interpolated in log10; NaN beyond the log. A logged iteration gives its own."""
        times, values = self.points
        exact = np.flatnonzero(times == iteration)
        if exact.size:
            return float(values[exact[0]])
        if not times.size or not times[0] <= iteration <= times[-1]:
            return float("nan")
        return float(10 ** np.interp(iteration, times, log10(values)))

    def plateau_end(self, fraction: float = PLATEAU) -> int | None:
        """The first logged iteration at or below `fraction` of the start, or None for a stuck trial."""
        return self.reaches(fraction * self.start)

    def leaves_plateau(self, fraction: float = PLATEAU) -> float | None:
        """The iteration at which it falls to `fraction` of the start, interpolated, or None for a stuck trial."""
        return self.crossing(fraction * self.start)

    def area(self, floor: float = SMALLEST, until: int = 0) -> float:
        """The mean of log10 of the level over the iterations (trapezoids); below `floor` it counts as `floor`.

        A trial that was stopped earlier than `until` counts as if it had stayed where it was.
        """
        times, values = self.points
        heights = log10(values, floor)
        if until > times[-1]:
            times, heights = np.append(times, until), np.append(heights, heights[-1])
        if times[-1] == times[0]:
            return float(heights[-1])
        area = np.sum(np.diff(times) * (heights[1:] + heights[:-1]) / 2)
        return float(area / (times[-1] - times[0]))


def log10_distance(
    one: Trajectory, other: Trajectory, *, starts: tuple[float, float] = (0.0, 0.0), floor: float = SMALLEST
) -> float | None:
    """max |log10 one(starts[0] + t) − log10 other(starts[1] + t)| over the t ≥ 0 that both logs cover.

    Both curves are piecewise linear in log10, so the maximum stands at a log point of one of them: it is exact for the
    interpolants. None where the logs do not overlap. Levels below `floor` count as `floor` (see `Run.floor`).
    """
    shifted = []
    for trajectory, start in zip((one, other), starts, strict=True):
        times, values = trajectory.points
        if not times.size:
            return None
        shifted.append((times - start, log10(values, floor)))
    end = min(times[-1] for times, _ in shifted)
    begin = max(0.0, *(times[0] for times, _ in shifted))
    if end < begin:
        return None
    points = np.concatenate([[begin, end], *(times for times, _ in shifted)])
    points = points[(points >= begin) & (points <= end)]
    first, second = (np.interp(points, *curve) for curve in shifted)
    return float(np.max(np.abs(first - second)))


def aligned_distance(
    one: Trajectory, other: Trajectory, *, fraction: float = PLATEAU, floor: float = SMALLEST
) -> float | None:
    """`log10_distance` with both curves counted from the (interpolated) end of their initial plateau.

    None where one of the two never leaves its plateau.
    """
    ends = one.leaves_plateau(fraction), other.leaves_plateau(fraction)
    if ends[0] is None or ends[1] is None:
        return None
    return log10_distance(one, other, starts=(ends[0], ends[1]), floor=floor)


@dataclass(frozen=True)
class Speedup:
    """How many times fewer iterations a curve needs than another, as the interval that the logs allow.

    `low == high` where both reach the level. A curve that never reaches it needs more iterations than it was given, so
    that only one side is known: (0, high) where the curve does not arrive, (low, inf) where the baseline does not.
    """

    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The speedup, or None where the logs only bound it."""
        return self.low if self.low == self.high and not isinf(self.low) else None


def speedup(curve: Trajectory, baseline: Trajectory, level: float) -> Speedup:
    """baseline.reaches(level) / curve.reaches(level); bounds where one of them never gets there."""
    fast, slow = curve.reaches(level), baseline.reaches(level)
    low = _ratio(baseline.end if slow is None else slow, fast) if fast is not None else 0.0
    high = _ratio(slow, curve.end if fast is None else fast) if slow is not None else inf
    return Speedup(low, high)


def _ratio(numerator: int, denominator: int) -> float:
    """The ratio of two iteration counts; two curves that start below the level are equally fast."""
    if denominator == 0:
        return 1.0 if numerator == 0 else inf
    return numerator / denominator


def median_speedup(speedups: Sequence[Speedup]) -> Speedup | None:
    """The median over the seeds, as the interval between the medians of the lower and of the upper ends."""
    if not speedups:
        return None
    return Speedup(float(np.median([s.low for s in speedups])), float(np.median([s.high for s in speedups])))


def effective_step(learning_rate: float, norm: npt.ArrayLike, depth: int) -> Array:
    """η‖W_e‖^(2−2/N), the factor that Eq. 12 puts before the gradient, elementwise in the norm."""
    result: Array = learning_rate * np.asarray(norm, dtype=np.float64) ** (2 - 2 / depth)
    return result
