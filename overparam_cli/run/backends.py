"""Where units run. A back end is the only one who knows: it is given units, and tells after each step of the way.

The local one trains on this machine: units of a kind that wants few threads side by side, others one after another.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from overparam_cli.run.machine import steady_arithmetic, threads_each
from overparam_cli.run.unit import Unit

# Between looks at stop requests, checkpoints and displays. Those side by side wait for each other at every look.
ALONE_SECONDS, SIDE_BY_SIDE_SECONDS = 0.25, 2.0


class Backend(Protocol):
    """Trains units."""

    def drain(self, units: Sequence[Unit], after: Callable[[Unit, float], None]) -> None:
        """Train all `units` to their end.

        Each time one has advanced, and when it is finished, `after` is called with it and the seconds that this took.
        None of these objects changes meanwhile. What `after` raises ends the training.
        """

    def estimate(self, units: Sequence[Unit]) -> float:
        """Seconds that `units`, none of them started, will take."""


MakeBackend = Callable[[int, int, float], Backend]  # from units at a time, threads each, and seconds between looks


def share(
    units: int, wanted: int | None, device: torch.device, threads: int, each: int | None = None
) -> tuple[int, int]:
    """How many of a job's `units` train side by side on `threads` of the processor, and how many threads each has.

    That is `each` where it is given, otherwise as many as there are for it, and `wanted` at least if there are. It goes
    by all units of the job, finished or not, so that going on with some of them changes nothing. On CUDA one has the
    device to itself: no other thread may use it while a step is captured.
    """
    if wanted is None or device.type == "cuda":
        return 1, threads
    places = max(1, threads // each if each else min(units, threads // wanted))
    return places, each or threads // places


class Local:
    """This machine: `places` units at a time, with `threads` threads each."""

    def __init__(self, places: int, threads: int, most_seconds: float = SIDE_BY_SIDE_SECONDS) -> None:
        """`most_seconds` is the longest that nobody looks up."""
        self.places, self.threads = places, threads
        self.slice = min(most_seconds, SIDE_BY_SIDE_SECONDS if places > 1 else ALONE_SECONDS)

    def drain(self, units: Sequence[Unit], after: Callable[[Unit, float], None]) -> None:
        """As the protocol says: a slice of time at a time, free places given to those next in line."""

        def advance(unit: Unit) -> float:
            start = time.monotonic()
            unit.advance(self.slice)
            return time.monotonic() - start

        waiting: deque[Unit] = deque(units)
        running: list[Unit] = []
        with self._workers(self.places) as each:
            while waiting or running:
                while waiting and len(running) < self.places:
                    running.append(waiting.popleft())
                advanced = list(zip(running, list(each(advance, running)), strict=True))
                running = [unit for unit in running if not unit.finished]
                for unit, seconds in advanced:
                    after(unit, seconds)

    def estimate(self, units: Sequence[Unit]) -> float:
        """One of each kind is timed, beside as many others as there will be."""
        if not units:
            return 0.0
        groups: dict[Hashable, list[Unit]] = {}
        for unit in units:
            groups.setdefault(unit.alike, []).append(unit)
        places = min(self.places, len(units))
        with self._workers(places) as each:
            costs = [len(own) * max(each(lambda unit: unit.probe(), own[:1] * places)) for own in groups.values()]
        return float(sum(costs)) / places

    @contextmanager
    def _workers(self, places: int) -> Iterator[Callable[..., Any]]:
        """What maps a function over units, side by side where there are several places."""
        with threads_each(self.threads):
            if places == 1:
                yield map
                return
            with ThreadPoolExecutor(places, initializer=steady_arithmetic) as pool:
                yield pool.map
