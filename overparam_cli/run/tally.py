"""How far units are that are trained together: what every display is told, whoever trains them."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from overparam_cli.run.progress import Status
from overparam_cli.run.unit import Unit


class Seen(NamedTuple):
    """A unit as it was when it had last advanced."""

    done: int
    lost: int  # diverged trials
    latest: Mapping[str, float]

    @classmethod
    def of(cls, unit: Unit) -> "Seen":
        """As it is now."""
        return cls(unit.done, len(unit.trials) - unit.alive, unit.latest)


class Tally:
    """The units of one job: those that have begun, how many are left, and what those had that have gone.

    There may be thousands, of which some are under way: nobody is asked who has not advanced.

    Attributes:
        begun: the units that have begun, and not left, as they were last seen.
        left: how many units have not left.
        total: iterations to be made by all of them.
        start: iterations that had been made when it began, by units that go on.
    """

    def __init__(self, title: str, units: Sequence[Unit], noun: str) -> None:
        """`title` is the job's; `noun` is what its curves are judged by."""
        self.title, self.noun, self.left = title, noun, len(units)
        self.begun = {unit: Seen.of(unit) for unit in units if unit.done}
        self.total, self.start = sum(unit.total for unit in units), self.done
        self._trials = sum(len(unit.trials) for unit in units)
        self._ended = self._lost = 0  # iterations, and diverged trials, of the units that have left

    def see(self, unit: Unit) -> None:
        """A unit has advanced."""
        self.begun[unit] = Seen.of(unit)

    def leave(self, unit: Unit) -> None:
        """A unit is finished, and has been seen since it is."""
        self.left -= 1
        self._ended += unit.total
        self._lost += self.begun.pop(unit).lost

    @property
    def done(self) -> int:
        """Iterations made by the units that have begun, and not left."""
        return sum(seen.done for seen in self.begun.values())

    @property
    def status(self) -> Status:
        """Iterations of all units together, and the best level now of each curve."""
        levels: dict[str, float] = {}
        for seen in self.begun.values():
            for curve, level in seen.latest.items():
                levels[curve] = min(level, levels.get(curve, math.inf))
        lost = self._lost + sum(seen.lost for seen in self.begun.values())
        done = self._ended + self.done
        return Status(self.title, done, self.total, self._trials - lost, self._trials, levels, self.noun)
