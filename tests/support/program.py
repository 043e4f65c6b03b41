"""The program as its entry point starts it, in this process, with the streams that a test gives it."""

import errno
import io
import os
import sys
from typing import Any

import pytest

from overparam_cli.cli.main import main


class Refusing(io.RawIOBase):
    """A stream of bytes that takes the first few writes and then none."""

    def __init__(self, number: int, takes: int = 0) -> None:
        self.number, self.takes, self.taken = number, takes, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.takes == 0:
            raise OSError(self.number, os.strerror(self.number))
        self.takes -= 1
        self.taken += bytes(data)
        return len(data)


def full(takes: int = 0) -> io.TextIOWrapper:
    """A file on a disk that is full after `takes` writes."""
    return _text(Refusing(errno.ENOSPC, takes))


def left(takes: int = 0) -> io.TextIOWrapper:
    """A pipe whose reader goes away after `takes` writes."""
    return _text(Refusing(errno.EPIPE, takes))


def _text(raw: Refusing) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", write_through=True)  # type: ignore[arg-type]


def program(*arguments: str, stdout: Any = ..., stderr: Any = ...) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `overparam` with these arguments.

    A stream that is given takes the place of one that is captured, and "" is returned for it; None is a closed one.
    """
    captured = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    streams = [own if given is ... else given for given, own in zip((stdout, stderr), captured, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["overparam", *arguments])
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        with pytest.raises(SystemExit) as done:
            main()
    out, err = (own.buffer.getvalue().decode() for own in captured)  # type: ignore[attr-defined]
    return int(done.value.code or 0), out, err
