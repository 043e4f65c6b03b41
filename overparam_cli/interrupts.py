"""Ctrl-C, SIGTERM and SIGHUP at any moment of the program's life: one line, and 130.

KeyboardInterrupt cannot be raised at every moment. While modules are imported, which takes most of a short command's
time, whoever is half imported turns it into some other error; raised in what PyTorch's C++ has called, it may abort the
program; and a finaliser drops it. Nothing is at stake then, so that the program leaves at once.
"""

import os
import signal
import sys
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
IMPORTING = "<frozen importlib"  # how the file names of Python's import machinery begin
INTERRUPTED = 130
SHOW_CURSOR = b"\x1b[?25h"  # a display may have hidden it


def answer() -> None:
    """Let the signals that end a program be answered by `interrupt`, except those it was started to ignore (`nohup`).

    An interrupt that Python says it ignores, because it cannot be raised where it came, is answered all the same.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    sys.unraisablehook = _dropped


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or leave at once where it could not be raised."""
    foreign = _torch()
    while frame is not None:
        if frame.f_code.co_filename.startswith((IMPORTING, *foreign)):
            leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def _torch() -> tuple[str, ...]:
    """How the file names of PyTorch begin, once it is there."""
    module = sys.modules.get("torch")
    file = getattr(module, "__file__", None)
    return (file.rpartition(os.sep)[0] + os.sep,) if file else ()


def _dropped(what: "sys.UnraisableHookArgs") -> None:
    if what.exc_type is KeyboardInterrupt:
        leave()
    sys.__unraisablehook__(what)


def leave() -> None:
    """End without a further word: no cleaning up, which could be interrupted or fail."""
    try:
        os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + b"interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def ignore() -> None:
    """The work is done: whoever interrupts what is left of the program's life comes too late."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
