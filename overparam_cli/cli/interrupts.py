"""Ctrl-C at any moment of the program's life: one line, and 130.

While modules are imported, which takes most of a short command's time, KeyboardInterrupt cannot be raised: whoever is
half imported turns it into some other error. Nothing is at stake then, so that the program leaves at once.
"""

import os
import signal
from types import FrameType

IMPORTING = "<frozen importlib"  # how the file names of Python's import machinery begin
INTERRUPTED = 130
SHOW_CURSOR = b"\x1b[?25h"  # a display may have hidden it


def answer() -> None:
    """Let Ctrl-C be answered by `interrupt`, unless the program was started with it ignored (`nohup`, `&`)."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or leave at once amid an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING):
            leave()
        frame = frame.f_back
    raise KeyboardInterrupt


def leave() -> None:
    """End without a further word: no cleaning up, which could be interrupted or fail."""
    try:
        os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + b"interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def ignore() -> None:
    """The work is done: whoever interrupts what is left of the program's life comes too late."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
