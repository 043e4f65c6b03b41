"""What signals ask of a command: to end (Ctrl-C, SIGTERM, SIGHUP), or to save and go on (SIGUSR1, SIGUSR2).

Schedulers send the latter, or SIGTERM, some time before they kill. A request belongs to the command, not to the job
that happens to be training: whatever a command would do next, it ends.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from overparam_cli import interrupts
from overparam_cli.errors import RunInterrupted

SAVING = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))
AGAIN = "run the same command again to go on"
Handler = Callable[[int, FrameType | None], Any]


class Stop:
    """Whether a command is to end, and whether it is to save now.

    Asked to end while units train, it does so at their next look, when they are saved; at any other moment at once,
    since then nothing is lost by it. A second Ctrl-C ends it at once, whatever it does.
    """

    def __init__(self, interrupt: Handler = interrupts.interrupt) -> None:
        """Nobody has asked for anything; `interrupt` is what ends a command at once."""
        self.asked = False
        self._interrupt, self._signal, self._waits = interrupt, "", False

    @contextmanager
    def waits(self) -> Iterator[None]:
        """Meanwhile somebody looks at `asked` now and then; who has not ended by then, ends afterwards."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self.asked:
            raise RunInterrupted(f"interrupted; what is finished is kept: {AGAIN}")

    def take_signal(self) -> str:
        """The signal that asked to save since the last time; empty where none did."""
        name, self._signal = self._signal, ""
        return name

    def save(self, signum: int, _: FrameType | None) -> None:
        """Take note of a request to save."""
        self._signal = signal.Signals(signum).name

    def end(self, signum: int, frame: FrameType | None) -> None:
        """Take note of a request to end, or end."""
        first, self.asked = not self.asked, True
        if not self._waits or (signum == signal.SIGINT and not first):  # others come twice by themselves
            self._interrupt(signum, frame)


@contextmanager
def stop_requests() -> Iterator[Stop]:
    """Listen to signals; raises RunInterrupted where one has ended what was done meanwhile.

    A signal that was ignored from the start stays so (`nohup` does that to SIGHUP), except for Ctrl-C's.
    """
    own = signal.getsignal(signal.SIGINT)
    stop = Stop(own) if callable(own) else Stop()
    with _handled(interrupts.ENDING, stop.end), _handled(SAVING, stop.save):
        try:
            yield stop
        except KeyboardInterrupt:
            raise RunInterrupted(f"interrupted; what is finished is kept: {AGAIN}") from None


@contextmanager
def _handled(numbers: tuple[int, ...], handler: Handler) -> Iterator[None]:
    """Handle signals, as far as this thread can."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in numbers}
        before = {number: own for number, own in before.items() if own is not signal.SIG_IGN or number == signal.SIGINT}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, own in before.items():
            signal.signal(number, own)
