"""What a command leaves behind when it is killed, or refused, at any of its changes on disk.

A child of this process, forked after all imports so that a crash costs milliseconds, runs the command with a hook at
every change below a folder: a file opened for writing, a folder made or removed, a rename, a removal, a flush to disk.
At the k-th of them, one of the `ACTIONS` happens. `everywhere` does so at every k and says what was wrong afterwards:

    scene = Scene(("run", "tiny.toml", "-q"), reads=(("status",), ("table",)))
    report = everywhere(scene, workspace, actions=("kill", "full"))
    assert not report.faults

Every command is given `--results FOLDER`.
"""

import errno
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from overparam_cli.cli.main import cli, main
from overparam_cli.results.disk import BESIDE

LIMIT = 120.0  # seconds that a command may take; one that takes longer hangs
TRACEBACK = 70  # the exit code of a child that ended in one
KILLED = -signal.SIGKILL
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
CREATING = {"open", "os.mkdir", "fsync"}  # what a full disk refuses
OWN_DIGEST = re.compile(rb'"digest": "[0-9a-f]{64}"')  # of a file's own content, paths included
TIMED = {"manifest.json", ".lock"}  # files that hold times, or nothing

ACTIONS = {
    "kill": "the process is killed before the change",
    "half": "the process is killed while a file is flushed, of which only half has reached the disk",
    "full": "from here on the disk is full",
    "refuse": "the system refuses this one change",
    "interrupt": "Ctrl-C is pressed before the change",
    "terminate": "the process is asked to end before the change",
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code (−9 when it was killed), what it printed, and the changes that it made."""

    code: int
    output: str
    changes: tuple[str, ...]
    hung: bool = False


class Hook:
    """Counts the changes of this process below a folder, and acts at one of them."""

    def __init__(self, below: Path, at: int | None, action: str, report: int) -> None:
        """`report` is a descriptor that the name of each change is written to."""
        self.below, self.at, self.action, self.report = f"{below}{os.sep}", at, action, report
        self.seen, self.acting, self.fsync = 0, False, os.fsync

    def install(self) -> None:
        """Listen; there is no way back, so that this is for a child."""
        sys.addaudithook(self.audit)
        os.fsync = self.flush

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python tells of everything that it asks of the system before it does so."""
        if event == "open":
            name, _, flags = arguments
            if isinstance(flags, int) and flags & WRITING:
                self.change("open", name)
        elif event in EVENTS:
            self.change(event, arguments[0])

    def flush(self, file: int) -> None:
        """What stands in the place of `os.fsync`."""
        self.change("fsync", Path(f"/proc/self/fd/{file}").readlink(), file)
        self.fsync(file)

    def change(self, event: str, name: Any, file: int | None = None) -> None:
        """One change is about to be made."""
        path = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
        if not path.startswith(self.below):
            return
        os.write(self.report, f"{event} {path.removeprefix(self.below)}\n".encode())
        self.seen += 1
        if self.action == "full" and self.at is not None and self.seen > self.at and event in CREATING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if self.at == self.seen - 1:
            self.act(event, path, file)

    def act(self, event: str, path: str, file: int | None) -> None:
        """Do what is to be done here."""
        if self.action == "half" and file is not None:
            os.ftruncate(file, os.fstat(file).st_size // 2)
        if self.action in ("kill", "half"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.action == "refuse":
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        if self.action in ("interrupt", "terminate"):
            os.kill(os.getpid(), signal.SIGINT if self.action == "interrupt" else signal.SIGTERM)


def overparam(
    arguments: Sequence[str], results: Path, *, at: int | None = None, action: str = "kill", after: float | None = None
) -> Outcome:
    """Run a command of the program in a child; at its change number `at`, or `after` seconds, something happens."""

    def command() -> None:
        sys.argv = ["overparam", *arguments, "--results", str(results)]
        main()

    return in_child(command, results, at=at, action=action, after=after)


def in_child(
    command: Callable[[], object], below: Path, *, at: int | None, action: str, after: float | None = None
) -> Outcome:
    """Run a function in a child of this process."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as changes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of forking beside threads: none of them is needed in the child
            child = os.fork()
        if not child:
            _be_child(command, Hook(below, at, action, changes.fileno()), output.fileno())
        code, hung = _wait(child, after)
        output.seek(0)
        changes.seek(0)
        text = output.read().decode(errors="replace")
        return Outcome(code, text, tuple(changes.read().decode(errors="replace").splitlines()), hung)


def _be_child(command: Callable[[], object], hook: Hook, output: int) -> None:
    """Never returns."""
    code = TRACEBACK
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        warnings.resetwarnings()
        null = os.open(os.devnull, os.O_RDONLY)
        for own, standard in ((null, 0), (output, 1), (output, 2)):
            os.dup2(own, standard)
        sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
        hook.install()
        try:
            command()
            code = 0
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else int(done.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _wait(child: int, after: float | None) -> tuple[int, bool]:
    """The exit code of a child, killed `after` some seconds; and whether it hung."""
    until = time.monotonic() + (LIMIT if after is None else after)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), False
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return KILLED, after is None
        time.sleep(0.002)


@dataclass(frozen=True)
class Scene:
    """A command that changes a results folder.

    Attributes:
        command: its arguments.
        reads: commands that only read, asked after each crash.
        before: commands that make the folder as it is at the start.
        whole: whether what `reads` print may only be what they print before, or after, the whole command, unless
            they exit with 5 (nothing finished, or unfinished).
    """

    command: tuple[str, ...]
    reads: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    whole: bool = True


@dataclass
class Report:
    """How many crashes were tried, and what was wrong after them, a line each."""

    crashes: int = 0
    faults: list[str] = field(default_factory=list)


def everywhere(
    scene: Scene, workspace: Path, *, actions: Sequence[str] = tuple(ACTIONS), every: int = 1, first: int = 0
) -> Report:
    """Run a scene with each of `actions` at its changes number `first`, `first + every`, …"""
    start, undisturbed = workspace / "start", workspace / "undisturbed"
    start.mkdir(parents=True)
    warm_up((*scene.before, scene.command, *scene.reads), workspace / "warm")
    for command in scene.before:
        _undisturbed(command, start)
    shutil.copytree(start, undisturbed)
    changes = _undisturbed(scene.command, undisturbed).changes
    expected, report = contents(undisturbed), Report()
    said = [tuple(_said(read, folder) for folder in (start, undisturbed)) for read in scene.reads]
    for action in actions:
        for at in range(first, len(changes), every):
            if action == "half" and not changes[at].startswith("fsync"):
                continue
            folder = workspace / "crashed"
            shutil.copytree(start, folder)
            report.crashes += 1
            where = f"{' '.join(scene.command)}: {action} at {at} ({changes[at]})"
            report.faults += [f"{where}: {fault}" for fault in _faults(scene, folder, at, action, said, expected)]
            shutil.rmtree(folder)
    return report


def warm_up(commands: Sequence[Sequence[str]], results: Path) -> None:
    """Run commands in this process, so that the children need not import what they use."""
    for command in commands:
        CliRunner().invoke(cli, [*command, "--results", str(results)])


def _undisturbed(command: Sequence[str], folder: Path) -> Outcome:
    outcome = overparam(command, folder)
    if outcome.code:
        raise RuntimeError(f"{' '.join(command)} fails undisturbed, with {outcome.code}: {outcome.output}")
    return outcome


def _said(command: Sequence[str], folder: Path) -> tuple[int, str]:
    outcome = overparam(command, folder)
    return outcome.code, outcome.output.replace(str(folder), "RESULTS")


def _faults(
    scene: Scene,
    folder: Path,
    at: int,
    action: str,
    said: Sequence[tuple[tuple[int, str], ...]],
    expected: dict[str, bytes],
) -> Iterator[str]:
    """What is wrong after one crash."""
    crashed = overparam(scene.command, folder, at=at, action=action)
    yield from _ended_well(crashed, action)
    for read, allowed in zip(scene.reads, said, strict=True):
        code, output = _said(read, folder)
        if code not in (0, 5) or "Traceback" in output:
            yield f"{' '.join(read)} then exits with {code}: {output}"
        elif code == 0 and scene.whole and (code, output) not in allowed:
            yield f"{' '.join(read)} then says neither the old nor the new: {output}"
    again = overparam(scene.command, folder)
    if again.code or again.hung:
        yield f"the same command then exits with {again.code}: {again.output}"
    found = contents(folder)
    for name in sorted(found.keys() ^ expected.keys()):
        yield f"{name} is {'left behind' if name in found else 'missing'} in the end"
    for name in sorted(found.keys() & expected.keys()):
        if found[name] != expected[name] and Path(name).name not in TIMED:
            yield f"{name} is another in the end"


def _ended_well(crashed: Outcome, action: str) -> Iterator[str]:
    """Whether a command that met an action ended as it should."""
    allowed = {
        "kill": {KILLED},
        "half": {KILLED},
        "full": {0, 7},
        "refuse": {0, 5, 7},
        "interrupt": {0, 130},
        "terminate": {0, 130, -signal.SIGTERM},
    }[action]
    if crashed.hung:
        yield "it hangs"
    elif crashed.code not in allowed:
        yield f"it exits with {crashed.code}: {crashed.output}"
    elif crashed.code > 0 and len([line for line in crashed.output.splitlines() if line.startswith("error")]) > 1:
        yield f"it says more than a line: {crashed.output}"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its name there, and empty folders; where the folder stands is no content."""
    here = str(folder).encode()
    paths = [path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())]
    files = {path: path.read_bytes().replace(here, b"RESULTS") if path.is_file() else b"" for path in paths}
    files = {path: OWN_DIGEST.sub(b"", content) for path, content in files.items()}
    return {path.relative_to(folder).as_posix(): content for path, content in files.items()}


def leftovers(folder: Path) -> list[Path]:
    """What writers have left beside files."""
    return [path for path in folder.rglob("*") if BESIDE.fullmatch(path.name)]
