"""Ctrl-C, SIGTERM and SIGHUP at any moment: one line, exit code 130."""

import importlib.abc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from support.program import program

from overparam_cli import interrupts
from overparam_cli.run.stop import stop_requests

# Starts the program in children that interrupt themselves at their n-th import; n goes through all of them in steps.
CODE = """
import os, signal, sys

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
for number in SIGNALS:
    signal.signal(number, signal.SIG_DFL)  # what a shell starts in the background ignores Ctrl-C, nohup SIGHUP
signal.signal(signal.SIGINT, signal.default_int_handler)

class Finder:
    def __init__(self, last, number):
        self.count, self.last, self.number = 0, last, number

    def find_spec(self, *_):
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), self.number)

def child(last, number=None):
    end, start = os.pipe()
    if not (pid := os.fork()):
        os.dup2(start, 2), os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        finder = Finder(last, number)
        from overparam_cli import __main__
        sys.meta_path.insert(0, finder)
        sys.argv = ['overparam', 'list']
        try:
            __main__.start()
        finally:
            if last is None:
                os.write(2, str(finder.count).encode())
    os.close(start)
    said = open(end).read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said

code, count = child(None)
assert code == 0
for place in range(POINTS):
    print(*child(1 + place * int(count) // POINTS, SIGNALS[place % 3]))
print(count)
"""
POINTS = 12


def test_an_interrupt_amid_any_import_is_one_line() -> None:
    code = CODE.replace("POINTS", str(POINTS))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    *ends, count = done.stdout.split("\n\n")
    assert int(count) > 10 * POINTS
    assert ends == ["130 interrupted"] * POINTS
    assert done.stderr == ""


def test_an_interrupt_of_a_command_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        interrupts.interrupt(signal.SIGINT, sys._getframe())

    monkeypatch.setattr("overparam_cli.experiments.available", interrupted)
    code, out, err = program("list")
    assert (code, out, err.strip()) == (130, "", "interrupted")


class Left(Exception):
    """The program has left at once."""


@pytest.fixture
def _seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leaving is seen here, and signals mean afterwards what they meant before."""

    def leave() -> None:
        raise Left

    monkeypatch.setattr(interrupts, "leave", leave)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = {number: signal.getsignal(number) for number in interrupts.ENDING}
    yield
    for number, own in before.items():
        signal.signal(number, own)


def amid_an_import(act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, *_: Any) -> None:
            act()

    with monkeypatch.context() as patch:
        patch.setattr(sys, "meta_path", [Finder()])
        import overparam_nothing  # noqa: F401


def called_by_pytorch(act: Callable[[], None], _: pytest.MonkeyPatch) -> None:
    """As if `act` were called back: a frame of PyTorch's is above it."""
    exec(compile("act()", str(Path(torch.__file__).parent / "somewhere" / "below.py"), "exec"), {"act": act})


@pytest.mark.usefixtures("_seen")
@pytest.mark.parametrize("place", [amid_an_import, called_by_pytorch])
@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.parametrize(
    ("number", "started"),
    [
        *((number, signal.default_int_handler) for number in interrupts.ENDING),
        *((number, signal.SIG_IGN) for number in interrupts.ENDING[1:]),  # what a script's background does to Ctrl-C
    ],
)
def test_where_nothing_can_be_raised_the_program_leaves(
    number: int, listens: bool, started: Any, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for own in interrupts.ENDING:
        signal.signal(own, signal.SIG_DFL)
    signal.signal(signal.SIGINT, started)
    interrupts.answer()
    with stop_requests() if listens else nullcontext(), pytest.raises(Left):
        place(lambda: os.kill(os.getpid(), number), monkeypatch)


@pytest.mark.usefixtures("_seen")
def test_a_dropped_interrupt_is_answered_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []

    class Dropping:
        def __del__(self) -> None:
            interrupts.interrupt(signal.SIGINT, sys._getframe())

    monkeypatch.setattr(interrupts, "leave", lambda: left.append("left"))
    interrupts.answer()
    Dropping()
    assert left == ["left"]


@pytest.mark.usefixtures("_seen")
@pytest.mark.parametrize("number", interrupts.ENDING)
def test_whoever_is_started_with_signals_ignored_ignores_them(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)
    interrupts.answer()
    assert signal.getsignal(number) is signal.SIG_IGN
    signal.signal(number, signal.SIG_DFL)
    interrupts.answer()
    assert signal.getsignal(number) is interrupts.interrupt
    interrupts.ignore()
    assert signal.getsignal(number) is signal.SIG_IGN
