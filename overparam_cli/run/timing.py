"""What an iteration costs, everything measured in turn in one process.

These are ratios to be trusted, not absolute times: every round times each subject once, so that what the machine does
meanwhile hits all of them alike, and the median over the rounds is reported with its range.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from overparam_cli.run.machine import pick_device

if TYPE_CHECKING:
    import pandas as pd

WARM = 0.01  # seconds of the look that says how many steps fill one


@dataclass(frozen=True)
class Subject:
    """Something to time: `run(steps)` does so many iterations of `trials` trials."""

    name: str
    loss: str
    trials: int
    depth: str
    run: Callable[[int], None]
    variant: str = ""  # what else sets it apart: adam, width 100


@dataclass(frozen=True)
class Timing:
    """Microseconds per trial and iteration over the rounds."""

    subject: str
    loss: str
    trials: int
    depth: str
    median: float
    low: float
    high: float
    rounds: int
    variant: str = ""  # what else sets it apart: adam, width 100


def measure(found: Sequence[Subject], *, rounds: int, seconds: float, device: str, least: int = 3) -> list[Timing]:
    """Time every subject `rounds` times in turn, each look about `seconds` long but of `least` steps."""
    on_cuda = pick_device(device).type == "cuda"

    def wait() -> None:
        if on_cuda:
            torch.cuda.synchronize()

    def look(subject: Subject, steps: int) -> float:
        wait()
        start = time.perf_counter()
        subject.run(steps)
        wait()
        return (time.perf_counter() - start) / steps

    steps = []
    for subject in found:
        look(subject, least)  # whatever is made when it is first needed
        enough = max(least, round(WARM / look(subject, least)))
        steps.append(max(least, round(seconds / look(subject, enough))))
    looks: list[list[float]] = [[] for _ in found]
    for _ in range(rounds):
        for own, subject, count in zip(looks, found, steps, strict=True):
            own.append(look(subject, count) / subject.trials * 1e6)
    return [
        Timing(s.name, s.loss, s.trials, s.depth, statistics.median(own), min(own), max(own), rounds, s.variant)
        for s, own in zip(found, looks, strict=True)
    ]


def as_table(timings: Sequence[Timing]) -> "pd.DataFrame":
    """The CSV of a benchmark."""
    import pandas as pd

    return pd.DataFrame(timings)
