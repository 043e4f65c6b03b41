"""Crash points: each command that writes, killed before every change that it makes on disk (`support.crashes`)."""

import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from support import crashes, scenes
from support.crashes import Scene
from support.local_server import idx, running, serve, sha
from support.torment import Result

ACTIONS = ("kill", "half")
READS = (("status",), ("table",))
LOOK = (("status",),)  # where reading at length is for other scenes


def command_scenes(folder: Path) -> Mapping[str, Scene]:
    """Every command that writes below a results folder, on a fresh one and on one that has something."""
    scenes.put_inputs(folder)
    small = ("run", str(folder / "small.toml"), "-q", "--checkpoint-seconds", "0")
    tiny = ("run", str(folder / "tiny.toml"), "-q", "--checkpoint-seconds", "0")
    lemma = ("theory", "lemma3", "--set", "depths=2,3", "--set", "dimensions=2", "--name", "one", "-q")
    claim = ("theory", "claim2", "--set", "depths=2", "--name", "one", "-q", "--no-figures")
    fig1 = ("run", "fig1", "--smoke", "-q")
    measured = (*small, "--measure", "sharpness", "--lr", "1e-2", "--no-reuse")
    return {
        "run": Scene(small, LOOK, whole=False),
        "run, measured": Scene(measured, LOOK, whole=False),
        "run, more seeds": Scene((*small, "--seeds", "3"), LOOK, (small,), whole=False),
        "run, taken over": Scene((*small, "--lr", "1e-2", "--name", "other"), LOOK, (small,), whole=False),
        "run, network": Scene(tiny, LOOK, whole=False),
        "theory": Scene(claim, READS, whole=False),
        "theory, other numbers": Scene((*claim, "--set", "seeds=1"), READS, (claim,), whole=False),
        "theory, figures": Scene(lemma, READS, whole=False),
        "fig1": Scene(fig1, READS, whole=False),
        "plot": Scene(("plot", "-q"), READS, (small,)),
        "plot, again": Scene(("plot", "-q", "--format", "png"), READS, (small, ("plot", "-q"))),
        "verify": Scene(("verify", "--json"), READS, (small, fig1)),
    }


def crash_points(rng: random.Random, count: int, folder: Path, only: str) -> Iterator[Result]:
    """About `count` points over all scenes, each scene's evenly spaced over its changes; no more than there are."""
    from overparam_cli.run import backends

    backends.ALONE_SECONDS = backends.SIDE_BY_SIDE_SECONDS = 0.0  # a checkpoint at every look
    asked = {f"crash: {name}": scene for name, scene in command_scenes(folder).items() if only in f"crash: {name}"}
    left = count
    for place, (name, scene) in enumerate(asked.items()):
        results = list(_scene(rng, name, scene, folder / name[7:].replace(", ", "-"), left // (len(asked) - place)))
        left -= len(results)
        yield from results
    if only in "crash: data fetch":
        yield from _fetches(folder / "fetch")


def _scene(rng: random.Random, name: str, scene: Scene, work: Path, share: int) -> Iterator[Result]:
    """One scene, killed at about `share` of its points."""
    shutil.rmtree(work, ignore_errors=True)
    results = work / "counted"
    results.mkdir(parents=True)
    for command in (*scene.before, scene.command):
        undisturbed = crashes.overparam(command, results)
    points = len(undisturbed.changes) + sum(change.startswith("fsync") for change in undisturbed.changes)
    every = max(1, round(points / max(share, 1)))
    report = crashes.everywhere(scene, work / "cases", actions=ACTIONS, every=every, first=rng.randrange(every))
    yield from _results(name, report.crashes, report.faults)


def _results(name: str, tried: int, faults: list[str]) -> Iterator[Result]:
    """One result a crash: those with faults, of which each says all, and the others."""
    by_case: dict[str, list[str]] = {}
    for fault in faults:
        case, _, what = fault.partition("): ")
        by_case.setdefault(f"{case})", []).append(what)
    yield from (Result(name, "; ".join(what)[:500], case, failed=True) for case, what in by_case.items())
    yield from [Result(name, "no difference", "")] * (tried - len(by_case))


def _fetches(folder: Path) -> Iterator[Result]:
    """MNIST's files, fetched from a server of this machine, into a cache."""
    from overparam_cli.data.cache import Patience, RemoteFile
    from overparam_cli.data.mnist import files as mnist

    drawn = np.random.default_rng(0)
    arrays = [drawn.integers(0, 256, shape, dtype=np.uint8) for shape in ((6, 28, 28), (6,), (2, 28, 28), (2,))]
    bodies = {file.name: idx(array) for file, array in zip(mnist.FILES, arrays, strict=True)}
    with running() as server:
        urls = {name: (server.on(f"/{name}", serve(body)),) for name, body in bodies.items()}
        remote = tuple(RemoteFile(name, sha(body), urls[name]) for name, body in bodies.items())
        sources = mnist.MnistSources(remote, Patience(connect=2.0, read=1.0, rounds=2, backoff=0.01))

        def fetched(cache: Path, at: int | None = None, action: str = "kill") -> crashes.Outcome:
            cache.mkdir(parents=True, exist_ok=True)
            return crashes.in_child(lambda: mnist.fetch(cache, sources=sources), cache, at=at, action=action)

        shutil.rmtree(folder, ignore_errors=True)
        changes = fetched(folder / "undisturbed").changes
        expected = crashes.contents(folder / "undisturbed")
        for at in range(len(changes)):
            for action in ACTIONS:
                cache, faults = folder / f"{action}-{at}", []
                fetched(cache, at, action)
                if (again := fetched(cache)).code:
                    faults.append(f"then exits with {again.code}: {again.output}")
                if crashes.contents(cache) != expected:
                    faults.append("the cache is another in the end")
                where = f"fetch: {action} at {at} ({changes[at]})"
                yield Result("crash: data fetch", "; ".join(faults) or "no difference", where, failed=bool(faults))
