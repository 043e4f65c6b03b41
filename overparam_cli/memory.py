"""How much memory there is, asked before something large is made: what cannot fit is refused in one line."""

import contextlib
import math
import os
from pathlib import Path

from overparam_cli.errors import ConfigError, OverparamError
from overparam_cli.words import size

CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # its limit


def total() -> float:
    """Bytes of this machine, or what a container leaves of them; infinite where the system does not say."""
    limits = [math.inf]
    for path in CONTAINER:
        with contextlib.suppress(OSError, ValueError):
            limits.append(float(path.read_text()))  # "max" is no number
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        limits.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    return min(limits)


def require(
    needed: float, what: str, remedy: str, error: type[OverparamError] = ConfigError, there: float | None = None
) -> None:
    """Raise `error`, before anything is made, where `what` needs more bytes than there are (`there`, or `total`)."""
    there = total() if there is None else there
    if needed > there:
        raise error(f"{what} needs about {size(needed)} of memory, and there are {size(there)} here: {remedy}")
