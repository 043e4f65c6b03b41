"""How much memory there is, asked before something large is made: what cannot fit is refused in one line."""

import contextlib
import os
from pathlib import Path

from overparam_cli.errors import OverparamError
from overparam_cli.words import size

_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")  # of a container, on Linux


def total() -> int | None:
    """Bytes of memory of this machine or container; None where the system does not say."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with contextlib.suppress(ValueError, OSError):  # "max" where there is no limit
        found.append(int(_GROUP_LIMIT.read_text()))
    return min(found, default=None)


def require(needed: float, what: str, remedy: str, error: type[OverparamError]) -> None:
    """Raise `error` where `needed` bytes are more than there are; `what` needs them."""
    there = total()
    if there is not None and needed > there:
        raise error(f"{what} needs {size(needed)} of memory, and there are {size(there)}: {remedy}")
