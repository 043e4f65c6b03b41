"""What a command leaves behind when it is killed, or refused, at any of its changes on disk.

A child of this process, forked after all imports so that a crash costs milliseconds, runs the command with a hook at
every change below a folder: a file opened for writing, a folder made or removed, a rename, a removal, a flush to disk.
At the k-th of them, one of the `ACTIONS` happens. `Stage` runs a scene undisturbed, knows its crash points, and says
what is wrong after each:

    stage = Stage(Scene(("run", "tiny.toml", "-q"), reads=(("status",), ("table",))), workspace)
    assert not [fault for point in stage.points(("kill", "full")) for fault in stage.faults(point)]

Every command is given `--results FOLDER`.
"""

import errno
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from support import forked, scenes

from overparam_cli.cli.main import cli

KILLED = -signal.SIGKILL
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
EVENTS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
CREATING = {"open", "os.mkdir", "fsync"}  # what a full disk refuses
UNFLUSHED = ", of what was written not all flushed"
OWN_DIGEST = re.compile(rb'"digest": "[0-9a-f]{64}"')  # of a file's own content, paths included
TORN = ("damaged", "changed since")  # what no reader may say of what a command leaves, unless it said so before
TIMED = {"bench/bench.csv", "bench/bench.png", "bench/manifest.json"}  # what is measured is another each time

ACTIONS = {
    "kill": "the process is killed before the change",
    "half": "the power fails before the change: of files that have not been flushed, half has reached the disk",
    "full": "from here on the disk is full",
    "refuse": "the system refuses this one change",
    "interrupt": "Ctrl-C is pressed before the change",
    "terminate": "the process is asked to end before the change",
}


@dataclass(frozen=True)
class Outcome(forked.Ended):
    """How a command ended, and the changes that it made."""

    changes: tuple[str, ...]


class Hook:
    """Counts the changes of this process below a folder, and acts at one of them."""

    def __init__(self, below: Path, at: int | None, action: str, report: int) -> None:
        """`report` is a descriptor that the name of each change is written to."""
        self.below, self.at, self.action, self.report = f"{below}{os.sep}", at, action, report
        self.seen, self.fsync = 0, os.fsync
        self.unflushed: set[str] = set()

    def install(self) -> None:
        """Listen; there is no way back, so that this is for a child."""
        sys.addaudithook(self.audit)
        os.fsync = self.flush

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Python tells of everything that it asks of the system before it does so."""
        if event == "open":
            name, _, flags = arguments
            if not isinstance(flags, int) or not flags & WRITING or os.path.isdir(name):  # noqa: PTH112
                return  # tempfile tells of the folder, too
            if path := self.change("open", name):
                self.unflushed.add(path)
        elif event in EVENTS and (path := self.change(event, arguments[0])) in self.unflushed:
            self.unflushed.remove(path)
            if event == "os.rename":
                self.unflushed.add(os.fsdecode(arguments[1]))

    def flush(self, file: int) -> None:
        """What stands in the place of `os.fsync`."""
        path = self.change("fsync", Path(f"/proc/self/fd/{file}").readlink())
        self.fsync(file)
        self.unflushed.discard(path)

    def change(self, event: str, name: Any) -> str:
        """One change is about to be made; the path, "" if it stands elsewhere."""
        path = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else ""
        if not path.startswith(self.below):
            return ""
        line = f"{event} {path.removeprefix(self.below)}{UNFLUSHED if self._cuttable() else ''}\n"
        os.write(self.report, line.encode())
        self.seen += 1
        if self.action == "full" and self.at is not None and self.seen > self.at and event in CREATING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        if self.at == self.seen - 1:
            self.act(path)
        return path

    def _cuttable(self) -> list[str]:
        """Files that would lose something if the power failed now."""
        return [path for path in self.unflushed if os.path.exists(path) and os.path.getsize(path)]  # noqa: PTH110, PTH202

    def act(self, path: str) -> None:
        """Do what is to be done here."""
        if self.action == "half":
            for unflushed in self._cuttable():
                file = os.open(unflushed, os.O_WRONLY)
                os.ftruncate(file, os.fstat(file).st_size // 2)
        if self.action in ("kill", "half"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.action == "refuse":
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)
        if self.action in ("interrupt", "terminate"):
            os.kill(os.getpid(), signal.SIGINT if self.action == "interrupt" else signal.SIGTERM)


def overparam(arguments: Sequence[str], results: Path, *, at: int | None = None, action: str = "kill") -> Outcome:
    """Run a command of the program in a child; at its change number `at` something happens.

    RESULTS in an argument stands for the folder.
    """
    own = [part.replace("RESULTS", str(results)) for part in arguments]
    return watched(lambda: forked.overparam(*own, "--results", str(results)), results, at=at, action=action)


def watched(command: Callable[[], object], below: Path, *, at: int | None = None, action: str = "kill") -> Outcome:
    """Run a function in a child, with a hook at its changes below a folder."""
    with tempfile.TemporaryFile() as changes:

        def act() -> None:
            Hook(below, at, action, changes.fileno()).install()
            command()

        ended = forked.in_child(act)
        changes.seek(0)
        lines = changes.read().decode(errors="replace").splitlines()
    return Outcome(ended.code, ended.out, ended.err, tuple(lines))


@dataclass(frozen=True)
class Scene:
    """A command that changes a results folder.

    Attributes:
        command: its arguments.
        reads: commands that only read, asked after each crash.
        before: commands that make the folder as it is at the start.
        whole: whether what `reads` print may only be what they print before, or after, the whole command, unless
            they exit with 5 (nothing finished, or unfinished).
        edit: what somebody then does to the folder at the start.
    """

    command: tuple[str, ...]
    reads: tuple[tuple[str, ...], ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    whole: bool = True
    edit: Callable[[Path], object] = lambda _: None


@dataclass(frozen=True)
class Point:
    """One place of a command, and what happens there."""

    action: str
    at: int


def points(changes: Sequence[str], actions: Sequence[str]) -> list[Point]:
    """Every place at which one of the actions makes a difference."""
    places = [(action, at, change) for action in actions for at, change in enumerate(changes)]
    return [Point(action, at) for action, at, change in places if action != "half" or change.endswith(UNFLUSHED)]


class Stage:
    """A scene, run undisturbed in a workspace: what is to come out, and every point at which it can be disturbed."""

    def __init__(self, scene: Scene, workspace: Path) -> None:
        self.scene, self.start, self.crashed = scene, workspace / "start", workspace / "crashed"
        self.start.mkdir(parents=True)
        for command in (
            *scene.before,
            scene.command,
            *scene.reads,
        ):  # so that the children need not import what it does
            own = [part.replace("RESULTS", str(workspace / "warm")) for part in command]
            CliRunner().invoke(cli, [*own, "--results", str(workspace / "warm")])
        for command in scene.before:
            _undisturbed(command, self.start)
        scene.edit(self.start)
        shutil.copytree(self.start, workspace / "undisturbed")
        self.changes = _undisturbed(scene.command, workspace / "undisturbed").changes
        self.expected = contents(workspace / "undisturbed")
        self.said = [
            tuple(_said(read, folder) for folder in (self.start, workspace / "undisturbed")) for read in scene.reads
        ]

    def points(self, actions: Sequence[str]) -> list[Point]:
        """Every place at which one of the actions makes a difference."""
        return points(self.changes, actions)

    def where(self, point: Point) -> str:
        """A point, in words."""
        return f"{' '.join(self.scene.command)}: {point.action} at {point.at} ({self.changes[point.at]})"

    def faults(self, point: Point) -> list[str]:
        """Disturb the command there; what is wrong then, or once the command was given again."""
        shutil.rmtree(self.crashed, ignore_errors=True)
        shutil.copytree(self.start, self.crashed)
        return list(self._faults(point))

    def _faults(self, point: Point) -> Iterator[str]:
        folder = self.crashed
        yield from _ended_well(overparam(self.scene.command, folder, at=point.at, action=point.action), point.action)
        for read, allowed in zip(self.scene.reads, self.said, strict=True):
            code, output = _said(read, folder)
            if code not in (0, 5) or "Traceback" in output:
                yield f"{' '.join(read)} then exits with {code}: {output}"
            elif any(word in output and word not in allowed[0][1] for word in TORN):
                yield f"{' '.join(read)} then takes it for damaged: {output}"
            elif code == 0 and self.scene.whole and (code, output) not in allowed:
                yield f"{' '.join(read)} then says neither the old nor the new: {output}"
        again = overparam(self.scene.command, folder)
        if again.code:
            yield f"the same command then exits with {again.code}: {again.output}"
        yield from differences(contents(folder), self.expected)


def differences(found: dict[str, bytes], expected: dict[str, bytes]) -> Iterator[str]:
    """In what a folder is not what it should be in the end, times aside."""
    for name in sorted(found.keys() ^ expected.keys()):
        yield f"{name} is {'left behind' if name in found else 'missing'} in the end"
    for name in sorted(found.keys() & expected.keys()):
        if found[name] != expected[name] and name not in TIMED:
            yield f"{name} is another in the end"


def _undisturbed(command: Sequence[str], folder: Path) -> Outcome:
    outcome = overparam(command, folder)
    if outcome.code:
        raise RuntimeError(f"{' '.join(command)} fails undisturbed, with {outcome.code}: {outcome.output}")
    return outcome


def _said(command: Sequence[str], folder: Path) -> tuple[int, str]:
    outcome = overparam(command, folder)
    return outcome.code, outcome.output.replace(str(folder), "RESULTS")


def _ended_well(crashed: Outcome, action: str) -> Iterator[str]:
    """Whether a command that met an action ended as it should."""
    allowed = {
        "kill": {KILLED},
        "half": {KILLED},
        "full": {0, 7},
        "refuse": {0, 5, 7},
        "interrupt": {0, 130},
        "terminate": {0, 130},
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
    files = {path: _steady(path, content) for path, content in files.items()}
    return {path.relative_to(folder).as_posix(): content for path, content in files.items()}


def _steady(path: Path, content: bytes) -> bytes:
    """A file's content, without what its own folder's name, or the clock, has put there."""
    if path.name != "manifest.json":
        return OWN_DIGEST.sub(b"", content)
    return json.dumps(scenes.steady(json.loads(content)), indent=1, sort_keys=True).encode()
