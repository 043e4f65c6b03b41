"""Crash points: a kill before every change that a command makes to the disk, and then the same command again."""

import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import kill_points, scenes
from support.forked import Outcome, run_command
from support.torment import Result


@dataclass(frozen=True)
class Scene:
    """Commands whose last one is killed; `steps` before it make what it finds."""

    name: str
    command: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...] = ()
    killed: int | None = None  # at which of its changes a first run of the command was killed already
    adds: bool = True  # whether the command may be given again over what it has finished


LEMMA = ("theory", "lemma3", "--set", "depths=2,3", "--set", "dimensions=2", "-q")
SMALL = ("run", "small.toml", "-q", "--checkpoint-seconds", "0")
SCENES = (
    Scene("run", ("run", "small.toml", "-q", "--checkpoint-seconds", "0")),
    Scene("run, measured", ("run", "small.toml", "-q", "--measure", "sharpness", "--lr", "1e-2", "--loss", "l2")),
    Scene("run, more seeds", (*SMALL, "--seeds", "3"), (SMALL,)),
    Scene("run, taken over", (*SMALL, "--lr", "1e-2", "--name", "other"), (SMALL,)),
    Scene("run, gone on with", SMALL, killed=30),
    Scene("run, network", ("run", "tiny.toml", "-q", "--checkpoint-seconds", "0")),
    Scene("theory", (*LEMMA, "--no-figures")),
    Scene("theory, again", (*LEMMA, "--no-figures"), ((*LEMMA, "--no-figures"),)),
    Scene("theory, figures", LEMMA),
    Scene("fig1", ("run", "fig1", "--smoke", "-q")),
    Scene("plot", ("plot", "small", "-q"), (SMALL,)),
    Scene("plot, again", ("plot", "small", "-q", "--format", "png"), (SMALL, ("plot", "small", "-q"))),
    Scene("verify", ("verify", "fig1@smoke"), (("run", "fig1", "--smoke", "-q"),)),
    Scene("bench", ("bench", "--rounds", "1", "--seconds", "0.001")),
)


def crash_points(rng: random.Random, count: int, folder: Path, only: str) -> Iterator[Result]:
    """`count` points over all scenes, each scene's evenly spaced; all of a scene's if there are no more."""
    asked = [Stage(scene, folder) for scene in SCENES if only in f"crash: {scene.name}"]
    ready = [stage for stage in asked if stage.prepare()]
    yield from (Result(stage.name, stage.broken, stage.command, failed=True) for stage in asked if stage.broken)
    points = [(stage, at, half) for stage in ready for at, half in stage.points()]
    if len(points) > count:
        points = sorted(rng.sample(points, count), key=points.index)
    for stage, at, half in points:
        yield stage.crash(at, half=half)


class Stage:
    """A scene in a folder: what its command finds, and what it leaves when nothing disturbs it."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene, self.name = scene, f"crash: {scene.name}"
        own = folder / scene.name.replace(", ", "-").replace(" ", "-")
        self.before, self.after, self.work = (own / part for part in ("before", "after", "work"))
        self.expected: dict[str, object] = {}
        self.broken, self.command = "", "overparam " + " ".join(scene.command)
        self.changes: list[str] = []

    def prepare(self) -> bool:
        """Make both folders, and count the changes; False where the undisturbed command fails."""
        scenes.put_inputs(self.before)
        for step in self.scene.steps:
            self._run(self.before, *step)
        if self.scene.killed is not None:
            run_command(*self.scene.command, folder=self.before, before=self.killing(self.before, self.scene.killed))
        scenes.copy(self.before, self.after)
        counter = self.after.with_name("changes.txt")
        self._run(self.after, *self.scene.command, counter=counter)
        self.changes = counter.read_text().split()
        self.expected = scenes.contents(self.after)
        return not self.broken

    def _run(self, folder: Path, *arguments: str, counter: Path | None = None) -> Outcome:
        start = kill_points.count(folder, counter) if counter else lambda: None

        def before() -> None:
            _look_often()
            start()

        outcome = run_command(*arguments, folder=folder, before=before, timeout=300)
        if outcome.fault or outcome.code not in (0, 8):
            self.broken = f"{outcome.fault or outcome.code} undisturbed: {outcome.err.strip()[-300:]}"
        return outcome

    def killing(self, folder: Path, at: int, *, half: bool = False) -> kill_points.Start:
        """What kills a command there."""
        kill = kill_points.kill(folder, at, half=half)

        def before() -> None:
            _look_often()
            kill()

        return before

    def points(self) -> list[tuple[int, bool]]:
        """Every change, and every flush of a file by half."""
        whole = [(at, False) for at in range(len(self.changes))]
        return sorted(whole + [(at, True) for at, change in enumerate(self.changes) if change == "fsync"])

    def crash(self, at: int, *, half: bool) -> Result:
        """Kill the command there, ask what stands there, run it again, compare."""
        how = f"killed at change {at} ({self.changes[at]}{', half written' if half else ''}) of: {self.command}"
        scenes.copy(self.before, self.work)
        killed = run_command(*self.scene.command, folder=self.work, before=self.killing(self.work, at, half=half))
        if killed.signal != signal.SIGKILL and killed.fault:
            return Result(self.name, killed.fault, how, failed=True)
        for reader in (("status",), ("table",)) if at % 5 == 0 else (("status",),):
            read = run_command(*reader, folder=self.work)
            if read.fault or (reader == ("status",) and read.code):
                said = read.err.strip()[-300:]
                return Result(self.name, f"{read.fault or read.code} of {reader[0]}: {said}", how, failed=True)
        again = run_command(*self.scene.command, folder=self.work, before=_look_often, timeout=300)
        if again.fault or again.code not in (0, 8):
            return Result(self.name, f"{again.fault or again.code} again: {again.err.strip()[-300:]}", how, failed=True)
        lost = scenes.difference(scenes.contents(self.work), self.expected)
        return Result(self.name, f"lost: {lost}" if lost else "no difference", how, failed=bool(lost))


def _look_often() -> None:
    from overparam_cli.run import backends

    backends.ALONE_SECONDS = backends.SIDE_BY_SIDE_SECONDS = 0.0
