"""What it costs to make a data set: said before it is made, and refused where it cannot fit."""

import contextlib
import sys
from dataclasses import dataclass

from overparam_cli.errors import ConfigError
from overparam_cli.memory import require
from overparam_cli.words import clock, size

WORTH_A_LINE = 10.0  # seconds


@dataclass(frozen=True)
class Cost:
    """Of one data set, roughly: `what` it is, seconds on one core, bytes of memory, and how to have less of it."""

    what: str
    seconds: float
    bytes: float
    remedy: str


def afford(cost: Cost, *, quiet: bool) -> None:
    """Say on standard error what takes long, unless `quiet`. Raises ConfigError for what does not fit into memory."""
    require(cost.bytes, cost.what, cost.remedy, ConfigError)
    if cost.seconds >= WORTH_A_LINE and not quiet and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # nobody listens any more
            print(f"{cost.what}: about {clock(cost.seconds)} and {size(cost.bytes)}", file=sys.stderr, flush=True)
