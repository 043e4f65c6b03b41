"""A kill before every change that a command makes to the disk, and after every half of a write."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = (
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.truncate",
    "os.utime",
    "os.link",
    "os.symlink",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


Start = Callable[[], None]


def watch(below: Path, reached: Callable[[str], None]) -> Start:
    """What makes a forked process call `reached` before each of its changes below a folder."""

    def start() -> None:
        flush = os.fsync

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "open":
                path, mode, flags = arguments
                changes = bool(flags & WRITING) if isinstance(flags, int) else any(c in str(mode) for c in "wax+")
                name = path
            elif event in EVENTS:
                changes, name = True, arguments[0]
            else:
                return
            if changes and _is_below(name, below):
                reached(event)

        def fsync(file: Any) -> None:
            reached("fsync")
            flush(file)

        os.fsync = fsync
        sys.addaudithook(hook)

    return start


def _is_below(name: Any, below: Path) -> bool:
    if not isinstance(name, str | bytes | os.PathLike):
        return True  # an open file: whatever is written here is below
    return (Path.cwd() / os.fsdecode(name)).is_relative_to(below)


def count(below: Path, counter: Path) -> Start:
    """What makes a process note each of its changes, one line each, in a file that is not below."""
    file = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    return watch(below, lambda event: (os.write(file, f"{event}\n".encode()), None)[1])


def kill(below: Path, at: int, *, half: bool = False) -> Start:
    """What kills a process at its change number `at`; at an fsync with `half`, of what it wrote half is on the disk."""
    left = [at]

    def reached(event: str) -> None:
        if left[0] == 0:
            if half:
                _halve(below)
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    return watch(below, reached)


def _halve(below: Path) -> None:
    """Cut what was written last: the youngest hidden file below."""
    hidden = [path for path in below.rglob(".*.*") if path.is_file() and path.name != ".lock"]
    if hidden:
        youngest = max(hidden, key=lambda path: path.stat().st_mtime_ns)
        os.truncate(youngest, youngest.stat().st_size // 2)
