"""Standard output and standard error, whatever the shell has made of them: full, closed, or without a reader.

What a command prints is its result: where standard output does not take it, the command fails, in one line. Standard
error only tells about the work: what cannot be shown there is dropped, and the work goes on.
"""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import Any

from overparam_cli.errors import OutputError, ReaderGoneError
from overparam_cli.spelling import HANDLER
from overparam_cli.words import printable


class Guarded(io.BufferedIOBase):
    """The bytes of a stream. Nothing is kept back here, so that nothing is left to fail when the program ends."""

    def __init__(self, below: Any, name: str) -> None:
        """`below` is the binary stream beneath, None where there is none."""
        self.below, self.name = getattr(below, "raw", below), name

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """Whether people read it as it comes."""
        return self.below is not None and bool(self.below.isatty())

    def fileno(self) -> int:
        """The descriptor beneath."""
        if self.below is None:
            raise io.UnsupportedOperation("fileno")
        return int(self.below.fileno())

    def write(self, data: Any) -> int:
        """All of `data`, or `failed` with the reason."""
        try:
            self._write(memoryview(data))
        except (OSError, ValueError) as error:  # ValueError: somebody has closed it
            self.failed(error)
        return len(data)

    def _write(self, left: memoryview) -> None:
        if self.below is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        while left:
            written = self.below.write(left)
            if written is None:  # it does not wait for its reader, so that we must
                select.select([], [self.below], [], 1.0)
            left = left[written or 0 :]
        self.below.flush()

    def failed(self, error: Exception) -> None:
        """It cannot be written."""


class Results(Guarded):
    """Standard output. Once it has failed the rest is dropped, which would fail again when the program ends."""

    lost = False

    def failed(self, error: Exception) -> None:
        """Raise ReaderGoneError or OutputError."""
        if self.lost:
            return
        self.lost = True
        if isinstance(error, BrokenPipeError):
            raise ReaderGoneError("nobody reads the output any more")
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"cannot write to standard output: {reason}; what a run has finished is kept: see overparam status"
        )


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let standard output and standard error behave as this module says, for as long as a command runs.

    A terminal or a file that takes no Greek gets it spelled.
    """
    _occupy()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _wrapped(before[0], Results, "<stdout>"), _wrapped(before[1], Guarded, "<stderr>")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def say(line: str) -> None:
    """Print a line beside the results, whatever it quotes."""
    print(printable(line), file=sys.stderr, flush=True)


@contextlib.contextmanager
def doing(what: str, *, quiet: bool = False) -> Iterator[None]:
    """Show on a terminal what takes a moment, for as long as it does."""
    shown = not quiet and sys.stderr.isatty()
    if shown:
        print(f"{what} …", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _wrapped(stream: Any, guard: type[Guarded], name: str) -> Any:
    if stream is None:
        return io.TextIOWrapper(guard(None, name), "utf-8", HANDLER)
    if not hasattr(stream, "buffer"):  # not a stream of bytes: somebody else's, who knows what he does
        return stream
    with contextlib.suppress(OSError):
        stream.flush()
    line_buffering = bool(getattr(stream, "line_buffering", False))
    return io.TextIOWrapper(guard(stream.buffer, name), stream.encoding, HANDLER, line_buffering=line_buffering)


def _occupy() -> None:
    """Open the standard descriptors that are closed: a file of ours would get their number, and what others print."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
