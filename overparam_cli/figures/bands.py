"""The seeds of a curve as a band: median and full range over the iterations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from overparam_cli.results.trajectory import SMALLEST, Array, Trajectory

Points = tuple[Array, Array]  # iterations, and the values there that are finite
Read = Callable[[Trajectory], Points]  # which values of a trial are drawn


def level(trial: Trajectory) -> Points:
    """What the run is judged by."""
    return trial.points


def logged(column: str) -> Read:
    """Return the reader of another logged column."""
    return lambda trial: trial.finite(column)


@dataclass(frozen=True)
class Course:
    """One seed's finite values over the iterations, and the iteration that it came to."""

    iterations: Array
    values: Array
    end: float

    @classmethod
    def of(cls, trial: Trajectory, read: Read = level) -> "Course":
        """Return a trial's course; one without a value came to the end of its log."""
        iterations, values = read(trial)
        return cls(iterations, values, float(iterations[-1]) if iterations.size else trial.end)

    def along(self, iterations: Array, floor: float, end: float) -> Array:
        """Return the values at other iterations, interpolated in log10, infinite from where it stopped before `end`.

        Values below `floor` count as `floor`; a seed without any is infinite all along.
        """
        if not self.values.size:
            return np.full(iterations.size, np.inf)
        heights = np.log10(np.maximum(self.values, floor))
        beyond = np.inf if self.end < end else heights[-1]
        result: Array = 10 ** np.interp(iterations, self.iterations, heights, right=beyond)
        return result


@dataclass(frozen=True)
class Band:
    """Median and full range over the seeds, iteration by iteration."""

    iterations: Array
    median: Array
    low: Array
    high: Array


def band(courses: Sequence[Course], floor: float = SMALLEST, end: float = 0) -> Band:
    """Return median and range over the seeds, on the union of their log points.

    Values below `floor` count as `floor`. A seed that stops before `end` (the run's length) has diverged: from there on
    it counts as infinite, so that it pulls the median up instead of silently leaving it; all along where it stops
    before it has a value. One that has none and did not diverge is left out.
    """
    iterations = np.unique(np.concatenate([np.empty(0), *(course.iterations for course in courses)]))
    if not iterations.size:
        return Band(iterations, iterations, iterations, iterations)
    counted = [course for course in courses if course.values.size or course.end < end]
    values = np.stack([course.along(iterations, floor, end) for course in counted])  # (seeds, iterations)
    return Band(iterations, np.median(values, axis=0), values.min(axis=0), values.max(axis=0))
