"""Memory: how much there is, asked before something large is made, so that what cannot fit is refused in one line; and
keeping what a loop will want again.
"""

import contextlib
import ctypes
import math
import os
from pathlib import Path

from overparam_cli.errors import ConfigError, OverparamError
from overparam_cli.words import size

CONTAINER = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # its limit

TRIM, MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of the C library's malloc.h
KEPT, LARGEST = 1 << 30, 32 << 20  # bytes; glibc takes no larger one for the second


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


def keep_freed() -> None:
    """Have this process keep up to a gigabyte that it frees, for what it allocates next.

    Where a loop allocates the same megabytes at every step, the system would give them anew each time, zeroed page by
    page: a tenth of a step of the convolutional network, two fifths on a Dask worker, whose processes are started to
    give back all they can. Of the C library of most Linux systems; elsewhere nothing happens.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library, or none that can be asked
        adjust = ctypes.CDLL(None).mallopt
        adjust(TRIM, KEPT)
        adjust(MMAP, LARGEST)
