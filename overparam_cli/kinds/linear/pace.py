"""How many threads the compiled kernel computes with, measured while it trains: `--threads auto`.

Two threads are nearly twice as fast as one on a machine that has nothing else to do, and many times slower where other
programs keep one of them waiting. Which it is changes by the minute, so nobody can say beforehand; and as the kernel's
bits do not depend on it, it may be tried out on the very iterations that are to be made anyway.
"""

import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

LOOK = 2e-3  # seconds of a look at a number of threads, about
GLANCE = 20e-3  # seconds between looks at the clock, about
LOOKS = 3  # at each, in turn, of which the median counts
WORTH = 0.9  # more threads are taken if they need less than this share of the time
HOPELESS = 2.0  # this many times the time of one thread ends a measurement
COLLAPSE = 1.5  # so many times the time that was measured, and it is measured again
SHARE = 0.05  # of all time, at most, for looks at the other numbers of threads


class Threaded(Protocol):
    """What is to be set."""

    threads: int

    @property
    def most_threads(self) -> int:
        """As many as pay at all."""


class Pace:
    """Chooses among 1, 2, 4, … threads for one kernel."""

    def __init__(self, kernel: Threaded, clock: Callable[[], float] = time.perf_counter) -> None:
        """Nothing is measured yet."""
        self.kernel, self.clock = kernel, clock
        self.choices = [2**i for i in range(kernel.most_threads.bit_length()) if 2**i < kernel.most_threads]
        self.choices.append(kernel.most_threads)
        self.trials = 0
        self._best, self._expected = 1, 0.0  # threads, and seconds an iteration with them
        self._total = self._spent = 0.0  # seconds, and those of looks
        self._look_at: deque[int] = deque()
        self._seen: dict[int, list[float]] = {}

    def advance(self, run: Callable[[int], None], steps: int, trials: int) -> None:
        """Make `steps` iterations of `trials` trials by `run`, which makes as many as it is told."""
        if trials != self.trials:
            self.trials = trials
            self._measure()
        while steps:
            looking = bool(self._look_at)
            count = min(steps, self._within(LOOK if looking else GLANCE))
            self.kernel.threads = self._look_at[0] if looking else self._best
            start = self.clock()
            run(count)
            self._learn((self.clock() - start) / count, count, looking=looking)
            steps -= count

    def _within(self, seconds: float) -> int:
        return max(1, round(seconds / self._expected)) if self._expected else 1

    def _measure(self) -> None:
        """Look at every number of threads in turn; at one first, which the others are held against."""
        if len(self.choices) > 1:
            self._look_at = deque(self.choices * LOOKS)
            self._seen = {threads: [] for threads in self.choices}

    def _learn(self, each: float, count: int, *, looking: bool) -> None:
        """Take in seconds an iteration."""
        self._total += each * count
        if looking:
            self._spent += each * count
            threads = self._look_at.popleft()
            self._seen[threads].append(each)
            alone = statistics.median(self._seen[1])
            if threads == 1:
                self._expected = alone
            elif each > HOPELESS * alone:  # whatever the other looks are like
                self._look_at = deque(own for own in self._look_at if own < threads)
                self._seen = {own: seen for own, seen in self._seen.items() if own < threads}
            if not self._look_at:
                self._choose()
            return
        idle = self._total * SHARE > self._spent
        if idle or (each > COLLAPSE * self._expected and self._total * 2 * SHARE > self._spent):
            self._measure()

    def _choose(self) -> None:
        medians = {threads: statistics.median(seen) for threads, seen in self._seen.items()}
        fastest = min(medians, key=lambda threads: medians[threads])
        self._best = fastest if medians[fastest] < WORTH * medians[1] else 1
        self._expected = medians[self._best]
