"""Changes on disk: the one place that writes, renames and removes what stands in a results folder or a data cache.

A file is replaced in one step: written beside, flushed to disk, renamed. One who is killed meanwhile leaves the file as
it was, and what was written beside is swept away by the next who writes into the folder. Whatever the system refuses
is a StorageError in one line.
"""

import contextlib
import errno
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from overparam_cli.errors import StorageError

WRITTEN = "csv|parquet|json|pt|png|pdf|svg|tables|toml|html"  # endings of files that are written here
BESIDE = re.compile(rf"\.(.+\.({WRITTEN})|SHA256SUMS)\.[a-z0-9_]{{8}}")  # what is written beside a file
PATIENCE = 2.0  # seconds for which a refusal is asked again: a scanner, or a spreadsheet, may have the file open
REFUSALS = {errno.EACCES, errno.EPERM, errno.EBUSY, errno.ETXTBSY}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
RESULTS = "choose another folder with --results"  # what else to do, where results are written
TRIES = 3  # at a replace, should another writer sweep away what it has written beside


def replace(path: Path, write: Callable[[BinaryIO], object], *, elsewhere: str = RESULTS) -> None:
    """Replace `path` by what `write` puts into a binary file, in one step; its folder is made where there is none.

    Raises StorageError when the disk is full or the folder cannot be written; `path` is then as it was. `elsewhere` is
    what it tells the user to do about that.
    """
    with writing(path, elsewhere):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        for left in reversed(range(TRIES)):
            beside = _write_beside(path, write)
            try:
                patiently(lambda beside=beside: beside.replace(path))  # type: ignore[misc]
                return
            except FileNotFoundError:
                if not left:
                    raise
            finally:
                with contextlib.suppress(OSError):
                    beside.unlink(missing_ok=True)


def _write_beside(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Write a whole file beside `path`, down to the disk; on any failure there is none."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        beside = Path(file.name)
        try:
            _hold(file.fileno())
            write(file)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
            beside.chmod(0o644)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
    return beside


def move(path: Path, target: Path) -> None:
    """Rename a file, over what stands there; raises StorageError."""
    with writing(path):
        patiently(lambda: path.replace(target))


def move_in(path: Path, target: Path, *, elsewhere: str = RESULTS) -> None:
    """Move a file that another has written to its place, once it is whole on the disk; raises StorageError."""
    with writing(target, elsewhere):
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        patiently(lambda: path.replace(target))


def remove(path: Path) -> None:
    """Leave no such file; raises StorageError."""
    with writing(path):
        patiently(lambda: path.unlink(missing_ok=True))


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left beside the files of a folder, as far as that is possible."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if BESIDE.fullmatch(path.name):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    """Remove a file that nobody is writing any more: a writer holds what it writes, and no dead one does."""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDWR)
        try:
            if _hold(file):
                path.unlink()
        finally:
            os.close(file)


def _hold(file: int) -> bool:
    """Hold an open file, unless another does, until it is closed or its process ends; whether that was possible."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def patiently(act: Callable[[], object]) -> None:
    """Do something that the system may refuse for a moment."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            act()
            return
        except OSError as error:
            if error.errno not in REFUSALS or time.monotonic() > until:
                raise
        time.sleep(0.05)


@contextlib.contextmanager
def writing(path: Path, elsewhere: str = RESULTS) -> Iterator[None]:
    """Turn what the system says against writing `path` into a StorageError."""
    try:
        yield
    except OSError as error:
        raise refused(path, error, elsewhere) from error


class RefusedError(StorageError):
    """What the system said against writing `path`, and what to do about it."""

    def __init__(self, message: str, path: Path, error: OSError) -> None:
        super().__init__(message)
        self.path, self.error = path, error


@contextlib.contextmanager
def instead(elsewhere: str) -> Iterator[None]:
    """For who writes where an option of its own says: that option, and no other, is then the remedy."""
    try:
        yield
    except RefusedError as found:
        raise refused(found.path, found.error, elsewhere) from found.error


def refused(path: Path, error: OSError, elsewhere: str = RESULTS) -> RefusedError:
    """What to tell of a file that cannot be written."""
    if error.errno in FULL:
        remedy = f"free some space or {elsewhere}"
    elif error.errno in REFUSALS or error.errno == errno.EROFS:
        remedy = f"make it writable, or {elsewhere}"
    else:
        remedy = elsewhere
    why = error.strerror or error
    said = f"cannot write {path}: {why}; what was finished is kept: {remedy}, then run the same command again"
    return RefusedError(said, path, error)
