"""One folder, one writer: its lock, and whether somebody has it."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from overparam_cli import disk
from overparam_cli.errors import BusyError
from overparam_cli.paths import exists
from overparam_cli.results.schema import LOCK

if TYPE_CHECKING:
    import filelock

PATIENCE = 1.0  # seconds for a lock: one who asks whether a run is going on has it for a moment


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one writer; it is made where there is none, and gone again if nothing was written there.

    Raises BusyError while another run has it, StorageError if it cannot be written.
    """
    import filelock

    lock = filelock.FileLock(folder / LOCK)
    made = [own for own in (folder, *folder.parents) if not _is_there(own)]
    _acquire(lock, folder)
    try:
        disk.sweep(folder)
        yield
    finally:
        _leave_nothing_empty(folder, made)
        lock.release()


def _acquire(lock: "filelock.BaseFileLock", folder: Path) -> None:
    import filelock

    until = time.monotonic() + PATIENCE
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
            return
        except filelock.Timeout as error:
            if time.monotonic() > until:
                raise BusyError(
                    f"another run is writing to {folder}: wait for it, or give this one a folder of its own with --name"
                ) from error
        except FileNotFoundError as error:  # another run has just left its folder, empty
            if time.monotonic() > until:
                raise disk.refused(folder, error) from error
        except OSError as error:
            raise disk.refused(folder, error) from error
        time.sleep(0.02)


def _is_there(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return exists(folder)
    return True  # or it cannot be seen, and is not ours


def _leave_nothing_empty(folder: Path, made: Sequence[Path]) -> None:
    """Remove a folder that holds its lock alone, and those above it that were `made` for it."""
    with contextlib.suppress(OSError):
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            for own in (folder, *made[1:]):
                own.rmdir()


def is_running(folder: Path) -> bool:
    """Whether a run holds the folder's lock now; those who ask do not get in each other's way."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        file = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:  # no run has been here, or it cannot be seen
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False
