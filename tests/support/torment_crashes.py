"""Crash points: each command that writes, disturbed before every change that it makes on disk (`support.crashes`)."""

import gzip
import random
import shutil
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from support import crashes, scenes
from support.crashes import Scene, Stage
from support.local_server import idx, running, serve, sha
from support.torment import Result

KILLS = ("kill", "half")
OTHERS = ("full", "refuse", "interrupt", "terminate")
READS = (("status",), ("table",))
LOOK = (("status",),)  # where reading at length is for other scenes


def command_scenes(folder: Path) -> Mapping[str, Scene]:
    """Every command that writes below a results folder, on a fresh one and on one that has something."""
    scenes.put_inputs(folder)
    often = ("-q", "--checkpoint-seconds", "0")
    small = ("run", str(folder / "small.toml"), *often)
    lemma = ("theory", "lemma3", "--set", "depths=2,3", "--set", "dimensions=2", "--name", "one", "-q")
    claim = ("theory", "claim2", "--set", "depths=2", "--name", "one", "-q", "--no-figures")
    study = ("run", str(folder / "study.toml"), "-q")
    plot = ("plot", "-q", "--format", "png")
    return {
        "run": Scene(small, LOOK, whole=False),
        "run, measured": Scene((*small, "--measure", "sharpness", "--lr", "1e-2", "--no-reuse"), LOOK, whole=False),
        "run, more seeds": Scene((*small, "--seeds", "3"), LOOK, (small,), whole=False),
        "run, Parquet": Scene((*small, "--seeds", "2"), LOOK, ((*small, "--log-format", "parquet"),), whole=False),
        "run, resumed": Scene(small, LOOK, whole=False, edit=partial(_interrupted, small)),
        "run, taken over": Scene((*small, "--lr", "1e-2", "--name", "other"), LOOK, (small,), whole=False),
        "run, two": Scene(("run", str(folder / "less.toml"), *small[1:]), LOOK, whole=False),
        "run, edited": Scene((*small, "--accept-changes"), LOOK, (small,), whole=False, edit=_edited),
        "run, network": Scene(("run", str(folder / "tiny.toml"), *often), LOOK, whole=False),
        "theory": Scene(claim, READS, whole=False),
        "theory, other numbers": Scene((*claim, "--set", "seeds=1"), READS, (claim,), whole=False),
        "theory, figures": Scene(lemma, READS, whole=False),
        "study": Scene(study, READS, whole=False),
        "plot": Scene(plot, READS, (small,)),
        "plot, again": Scene(("plot", "-q", "--format", "svg"), READS, (small, ("plot", "-q", "--format", "svg"))),
        "verify": Scene(("verify", "--json", "--output", "RESULTS/verdicts.json"), READS, (small, study)),
        "multiverse run": Scene(("multiverse", "run", str(folder / "worlds.toml"), *often), LOOK, whole=False),
        "bench": Scene(("bench", "--rounds", "1", "--seconds", "0.001", "--json"), LOOK, whole=False),
    }


def _interrupted(command: tuple[str, ...], results: Path) -> None:
    """A run that was killed in the middle of its life, so that it goes on from a checkpoint."""
    changes = crashes.overparam(command, results).changes
    shutil.rmtree(results)
    crashes.overparam(command, results, at=len(changes) // 2)
    if not [*results.rglob("checkpoint.pt")]:
        raise RuntimeError(f"{' '.join(command)} leaves no checkpoint half way")


def _edited(results: Path) -> None:
    """A last digit of a log, changed by hand."""
    (log,) = results.rglob("log.csv")
    lines = log.read_text().splitlines(keepends=True)
    cells = lines[3].split(",")
    cells[-2 if cells[-1].strip() == "" else -1] = "0.5\n" if cells[-1].strip() else "0.5"
    lines[3] = ",".join(cells)
    log.write_text("".join(lines))


def crash_points(rng: random.Random, count: int, folder: Path, only: str) -> Iterator[Result]:
    """About `count` points over all scenes; no more than there are.

    First every command is killed; what is then left of the count is for the other actions. Each time a scene's points
    are evenly spaced.
    """
    from overparam_cli.run import backends

    backends.ALONE_SECONDS = backends.SIDE_BY_SIDE_SECONDS = 0.0  # a checkpoint at every look
    asked = {f"crash: {name}": scene for name, scene in command_scenes(folder).items() if only in f"crash: {name}"}
    stages: dict[str, Stage] = {}
    left = count
    for actions in (KILLS, OTHERS):
        for place, (name, scene) in enumerate(asked.items()):
            if name not in stages:
                shutil.rmtree(work := folder / name[7:].replace(", ", "-"), ignore_errors=True)
                stages[name] = Stage(scene, work)
            for result in _disturbed(rng, name, stages[name], actions, left // (len(asked) - place)):
                left -= 1
                yield result
        if actions is KILLS and only in "crash: data fetch":
            for result in _fetches(folder / "fetch"):
                left -= 1
                yield result


def _disturbed(rng: random.Random, name: str, stage: Stage, actions: tuple[str, ...], share: int) -> Iterator[Result]:
    """A scene, disturbed at about `share` of its points."""
    points = stage.points(actions)
    every = max(1.0, len(points) / max(share, 1))
    at = rng.random() * every
    while share > 0 and at < len(points):
        point = points[int(at)]
        faults = stage.faults(point)
        yield Result(name, "; ".join(faults)[:500] or "no difference", stage.where(point), failed=bool(faults))
        at += every


def _fetches(folder: Path) -> Iterator[Result]:
    """MNIST's files, fetched from a server of this machine, into a cache."""
    from overparam_cli.data.cache import Patience
    from overparam_cli.data.mnist import files as mnist

    drawn = np.random.default_rng(0)
    arrays = [drawn.integers(0, 256, shape, dtype=np.uint8) for shape in ((6, 28, 28), (6,), (2, 28, 28), (2,))]
    bodies = {file.name: idx(array) for file, array in zip(mnist.FILES, arrays, strict=True)}
    shutil.rmtree(folder, ignore_errors=True)
    with running() as server:
        urls = {name: (server.on(f"/{name}", serve(body)),) for name, body in bodies.items()}
        files = (mnist.ImageFile(name, sha(one), urls[name], sha(gzip.decompress(one))) for name, one in bodies.items())
        sources = mnist.MnistSources(tuple(files), Patience(connect=2.0, read=1.0, rounds=2, backoff=0.01))

        def fetched(cache: Path, at: int | None = None, action: str = "kill") -> crashes.Outcome:
            cache.mkdir(parents=True, exist_ok=True)
            return crashes.watched(lambda: mnist.fetch(cache, sources=sources), cache, at=at, action=action)

        if (whole := fetched(folder / "whole")).code:
            raise RuntimeError(f"nothing is fetched undisturbed: {whole.output}")
        expected = crashes.contents(folder / "whole")
        for point in crashes.points(whole.changes, KILLS):
            cache = folder / f"{point.action}-{point.at}"
            fetched(cache, point.at, point.action)
            again = fetched(cache)
            faults = [f"then exits with {again.code}: {again.output}"] if again.code else []
            faults += crashes.differences(crashes.contents(cache), expected)
            where = f"fetch: {point.action} at {point.at} ({whole.changes[point.at]})"
            yield Result("crash: data fetch", "; ".join(faults)[:500] or "no difference", where, bool(faults))
