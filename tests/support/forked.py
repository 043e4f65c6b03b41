"""A command of the program in a process of its own, made by a fork after the imports: milliseconds, not seconds.

What it says and how it ends is judged here once: a documented exit code and one line, or a fault.
"""

import contextlib
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from support import scenes

DOCUMENTED = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130, 141}  # exit codes, as the README lists them
MEMORY = 4 << 30  # bytes of address space beyond what the parent has


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `signal` is 0 unless one ended it."""

    arguments: tuple[str, ...]
    code: int
    signal: int
    out: str
    err: str

    @property
    def fault(self) -> str:
        """What no command may end in: traceback, hang, an undocumented exit, an error without its line; "" if none."""
        if "Traceback (most recent call last)" in self.err:
            return "traceback"
        if self.signal == signal.SIGALRM:
            return "hang"
        if self.signal:
            return f"signal {self.signal}"
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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        sys.stderr.flush()
        child = os.fork()
        if not child:
            _in_child(arguments, folder, timeout, before, environment or {}, (out.fileno(), err.fileno()))
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1
    died = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return Outcome(arguments, code, died, *texts)


def _in_child(
    arguments: Sequence[str],
    folder: Path,
    timeout: float,
    before: Callable[[], None],
    environment: Mapping[str, str],
    files: tuple[int, int],
) -> NoReturn:
    code = 70  # no exit code of the program
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, timeout)  # nobody handles it: the process ends
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for own, file in enumerate(files, start=1):
            os.dup2(file, own)
        sys.stdout, sys.stderr = (open(own, "w", encoding="utf-8", closefd=False) for own in (1, 2))  # noqa: SIM115
        os.chdir(folder)
        os.environ.update(environment)
        _limit_memory()
        before()
        code = _main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)


def _main(arguments: Sequence[str]) -> int:
    from overparam_cli.cli.main import main

    sys.argv = ["overparam", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


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
