"""A function, or a command of the program, in a process of its own: forked after the imports, in milliseconds.

What a command says and how it ends is judged here once: a documented exit code and one line, or a fault.
"""

import contextlib
import gc
import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from support import scenes

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 141}  # exit codes, as the README lists them
LIMIT = 120.0  # seconds that a child may take; one that takes longer hangs
MEMORY = 4 << 30  # bytes of address space beyond what the parent has
ENDED_IN_TRACEBACK = 70  # no exit code of the program


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, negative where a signal ended it, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def hung(self) -> bool:
        """Whether it had to be ended."""
        return self.code == -signal.SIGALRM

    @property
    def output(self) -> str:
        """All that it printed."""
        return self.out + self.err


def in_child(act: Callable[[], object], *, timeout: float = LIMIT) -> Ended:
    """Call a function in a child of this process, with nothing to read and the signals as they are at a start."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking beside threads: none of them is needed in the child
            child = os.fork()
        if not child:
            _be_child(act, timeout, (out.fileno(), err.fileno()))
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Ended(os.waitstatus_to_exitcode(status), *texts)


def _be_child(act: Callable[[], object], timeout: float, files: tuple[int, int]) -> NoReturn:
    code = ENDED_IN_TRACEBACK
    gc.freeze()  # what the parent has is no garbage of the child's: to look through it would copy all of its memory
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, timeout)  # nobody handles it: the process ends
        warnings.resetwarnings()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for own, file in enumerate(files, start=1):
            os.dup2(file, own)
        sys.stdout, sys.stderr = (open(own, "w", encoding="utf-8", closefd=False) for own in (1, 2))  # noqa: SIM115
        try:
            act()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


@dataclass(frozen=True)
class Outcome(Ended):
    """How a command ended, and what it was."""

    arguments: tuple[str, ...]

    @property
    def fault(self) -> str:
        """What no command may end in: traceback, hang, an undocumented exit, an error without its line; "" if none."""
        if "Traceback (most recent call last)" in self.err:
            return "traceback"
        if self.hung:
            return "hang"
        if self.code < 0:
            return f"signal {-self.code}"
        if self.code not in DOCUMENTED:
            return f"exit code {self.code}"
        said = [line for line in self.err.splitlines() if line.startswith("error: ")]
        if self.code in {1, 2, 3, 4, 5, 6, 7} and len(said) != 1:
            return f"{len(said)} error lines with exit code {self.code}"
        return ""

    @property
    def command(self) -> str:
        """As it is typed."""
        return " ".join(("overparam", *(part if part.isprintable() else repr(part) for part in self.arguments)))


def run_command(
    *arguments: str,
    folder: Path,
    timeout: float = 60.0,
    before: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run `overparam ARGUMENTS` in `folder`, `before` it whatever the case wants to happen in the new process."""

    def command() -> None:
        os.chdir(folder)
        os.environ.update(environment or {})
        _limit_memory()
        before()
        overparam(*arguments)

    ended = in_child(command, timeout=timeout)
    return Outcome(ended.code, ended.out, ended.err, arguments)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)


def overparam(*arguments: str) -> None:
    """The program as it is called; ends in SystemExit."""
    from overparam_cli import interrupts
    from overparam_cli.cli.main import main

    sys.argv = ["overparam", *arguments]
    interrupts.answer()
    main()


def prepare() -> None:
    """Import in the parent whatever commands compute with, and let each compute once, so that no child has to begin."""
    import importlib.util
    import pkgutil

    import torch

    import overparam_cli

    torch.set_num_threads(1)  # threads do not survive a fork
    for found in pkgutil.walk_packages(overparam_cli.__path__, "overparam_cli."):
        source = Path(str(importlib.util.find_spec(found.name).origin))  # type: ignore[union-attr]
        if source.suffix == ".py" and source.stem != "__main__":  # the compiled kernel is a library, not a module
            with contextlib.suppress(ModuleNotFoundError):  # of a library that is not installed, nobody here makes use
                importlib.import_module(found.name)
    warm_up()


def warm_up() -> None:
    """A small run, its table and figures, in this process: what they import late is then there."""
    from click.testing import CliRunner

    from overparam_cli.cli.main import cli

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        scenes.put_inputs(Path(folder))
        for command in (scenes.RUN, ("table",), ("status",), ("verify",), ("plot", "--format", "png")):
            CliRunner().invoke(cli, command)
