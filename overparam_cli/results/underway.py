"""How far a run has come, for whoever looks on: `underway.json` beside the checkpoint, written and removed with it.

It says no number of any trial. Nothing depends on it: one that is missing, or not whole, says nothing.
"""

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from overparam_cli import disk
from overparam_cli.results import store
from overparam_cli.results.schema import UNDERWAY
from overparam_cli.words import clock, count


@dataclass(frozen=True)
class Underway:
    """Where the training of what a run lacked stands.

    Attributes:
        iteration, iterations: made, and to be made, by all units that were to be trained.
        resumed: the iteration at which the same command takes up what is half trained.
        alive, trials: of these, those that have not diverged.
        rate: iterations a second since the run began, or went on.
        saved: when that was, in seconds since 1970.
    """

    iteration: int
    iterations: int
    resumed: int
    alive: int
    trials: int
    rate: float
    saved: float

    @property
    def said(self) -> str:
        """In words: percent, rate, time left."""
        share = self.iteration / max(self.iterations, 1)
        left = f", about {clock((self.iterations - self.iteration) / self.rate)} left" if self.rate > 0 else ""
        age = clock(max(time.time() - self.saved, 0.0))
        return f"{share:.0%} of {count(self.iterations, 'iteration')}, {self.rate:,.0f} a second{left} ({age} ago)"


def write(folder: Path, state: Underway) -> None:
    """Put it beside the checkpoint; raises StorageError."""
    store.write_json(folder / UNDERWAY, asdict(state))


def remove(folder: Path) -> None:
    """Nothing is under way any more; raises StorageError."""
    disk.remove(folder / UNDERWAY)


def read(folder: Path) -> Underway | None:
    """How far the run of a folder has come; None where that is not known."""
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        found = json.loads((folder / UNDERWAY).read_bytes())
        return Underway(**{each.name: _number(found[each.name]) for each in fields(Underway)})
    return None


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{value} is no number of a run under way")
    return value
