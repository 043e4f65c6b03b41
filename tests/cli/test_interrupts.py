"""Ctrl-C at any moment: one line, exit code 130."""

import importlib.abc
import signal
import subprocess
import sys
from typing import Any

import pytest
from support.program import program

from overparam_cli.cli import interrupts

# Starts the program in children that interrupt themselves at their n-th import; n goes through all of them in steps.
CODE = """
import os, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it

class Finder:
    def __init__(self, last):
        self.count, self.last = 0, last

    def find_spec(self, *_):
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGINT)

def child(last):
    end, start = os.pipe()
    if not (pid := os.fork()):
        os.dup2(start, 2), os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        finder = Finder(last)
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
    print(*child(1 + place * int(count) // POINTS))
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


def test_amid_an_import_the_program_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    class Left(Exception):
        pass

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, *_: Any) -> None:
            interrupts.interrupt(signal.SIGINT, sys._getframe())

    def leave() -> None:
        raise Left

    monkeypatch.setattr(interrupts, "leave", leave)
    monkeypatch.setattr(sys, "meta_path", [Finder()])
    with pytest.raises(Left):
        import overparam_nothing  # noqa: F401


def test_whoever_is_started_with_interrupts_ignored_ignores_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        interrupts.answer()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupts.answer()
        assert signal.getsignal(signal.SIGINT) is interrupts.interrupt
        interrupts.ignore()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
