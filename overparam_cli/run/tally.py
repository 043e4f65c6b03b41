"""How far units are that are trained together: what every display is told, whoever trains them."""

import math
from collections.abc import Sequence

from overparam_cli.run.progress import Status
from overparam_cli.run.unit import Unit


class Tally:
    """The units of one job: those that are left, and what those had that have gone.

    Attributes:
        open: the units that have not left.
        total: iterations to be made by all of them.
        start: iterations that had been made when it began, by units that go on.
    """

    def __init__(self, title: str, units: Sequence[Unit], noun: str) -> None:
        """`title` is the job's; `noun` is what its curves are judged by."""
        self.title, self.noun, self.open = title, noun, list(units)
        self.total, self.start = sum(unit.total for unit in units), sum(unit.done for unit in units)
        self._trials = sum(len(unit.trials) for unit in units)
        self._ended = self._lost = 0  # iterations, and diverged trials, of the units that have left

    def leave(self, unit: Unit) -> None:
        """A unit is finished."""
        self.open.remove(unit)
        self._ended += unit.total
        self._lost += len(unit.trials) - unit.alive

    @property
    def status(self) -> Status:
        """Iterations of all units together, and the best level now of each curve."""
        levels: dict[str, float] = {}
        for unit in self.open:
            for curve, level in unit.latest.items():
                levels[curve] = min(level, levels.get(curve, math.inf))
        done = self._ended + sum(unit.done for unit in self.open)
        lost = self._lost + sum(len(unit.trials) - unit.alive for unit in self.open)
        return Status(self.title, done, self.total, self._trials - lost, self._trials, levels, self.noun)
