"""Where a curve stands that no learning rate can be called the best of: on its plateau, at a floor, or at 0.

A rule always finds a lowest score. Where trials have not moved, or no longer can, that lowest is rounding.
"""

from collections.abc import Callable, Iterable

import numpy as np

from overparam_cli.results.trajectory import PLATEAU, Trajectory

LAST = 0.8  # of a trial's iterations; behind this is its end
FEW = 5  # logged rows below which an end says nothing

UNDERFLOWN = "its end-to-end matrix has underflowed to 0, where nothing moves"
WAITING = "has not left its plateau"
STILL = "stands still at the floor of {dtype}"


def standing(trials: Iterable[Trajectory], dtype: str) -> str:
    """What most of the trials (one a seed) have come to, in words that follow the curve's name; "" for progress.

    `dtype` is that of their weights.
    """
    known = list(trials)
    for words, test in TESTS.items():
        if 2 * sum(map(test, known)) > len(known):
            return words.format(dtype=dtype)
    return ""


def underflown(trial: Trajectory) -> bool:
    """Whether ‖W_e‖ ends as 0: a product of small weights that the precision cannot hold. Its gradient is 0, too."""
    norms = trial.column("norm")
    known = norms[np.isfinite(norms)] if norms is not None else np.empty(0)
    return bool(known.size and known[-1] == 0)


def waiting(trial: Trajectory) -> bool:
    """Whether the level never fell to a share of where it first was."""
    values = trial.points[1]
    return bool(values.size > 1 and values.min() > PLATEAU * values[0])


def still(trial: Trajectory) -> bool:
    """Whether levels recur at the end, to the last bit: then weights no longer change, or go round in a circle.

    An update smaller than half of a weight's last digit is lost. Of a trial that still moves no two levels are equal.
    """
    times, values = trial.points
    ends = values[times >= LAST * times[-1]] if times.size else values
    return ends.size >= FEW and 2 * len(np.unique(ends)) <= ends.size


TESTS: dict[str, Callable[[Trajectory], bool]] = {UNDERFLOWN: underflown, WAITING: waiting, STILL: still}
