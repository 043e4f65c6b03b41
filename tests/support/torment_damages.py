"""Damaged inputs of every sort, each given to a command that reads it."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from support import crashes, damage_configs, damage_data, damage_results, scenes
from support.damages import BYTES, TEXT, damaged
from support.forked import run_command
from support.torment import Result, judged

SAID = ("damaged", "changed since", "unfinished")  # words of those who have seen that something is not as it was
Scene = Callable[[random.Random, int, Path], Iterator[Result]]


def damages(rng: random.Random, count: int, folder: Path, only: str) -> Iterator[Result]:
    """`count` cases, spread over the scenes."""
    asked = {name: scene for name, scene in SCENES.items() if only in f"damage: {name}"}
    for name, scene in asked.items():
        yield from scene(random.Random(f"{rng.random()} {name}"), -(-count // len(asked)), folder)


def _configs(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    return _shown("damage: configs", damage_configs.config_cases(rng, count), folder)


def _overrides(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    from overparam_cli.experiments import all_keys

    return _shown("damage: overrides", damage_configs.override_cases(rng, (*all_keys(),), count), folder)


def _shown(scene: str, cases: Iterator[damage_configs.ConfigCase], folder: Path) -> Iterator[Result]:
    for case in cases:
        outcome = run_command(*case.arguments(folder / "case.toml"), folder=folder)
        how = f"{outcome.command} with {case.how}:\n{case.content.decode(errors='backslashreplace')}"
        yield judged(scene, outcome, how, "" if outcome.code or outcome.fault else case.wrong(json.loads(outcome.out)))


def _results(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    """Logs, manifests, tables of the theory and verdicts, read by `table`, `status`, `verify` and `plot`."""
    whole = folder / "results-whole"
    scenes.put_inputs(whole)
    for command in (scenes.RUN, ("theory", "lemma3", "--set", "depths=2,3", "-q", "--no-figures")):
        run_command(*command, folder=whole, timeout=600)
    files = [path for path in sorted((whole / "results").rglob("*")) if path.suffix in (".csv", ".json")]
    readers = (("table", "--json"), ("verify", "--json"), ("status", "--json"), ("table",))
    usual = {reader: run_command(*reader, folder=whole) for reader in readers}
    work = scenes.copy(whole, folder / "results-work")
    for _ in range(count):
        path = rng.choice(files)
        change = damaged(rng, path.read_bytes(), TEXT)
        target = work / path.relative_to(whole)
        target.write_bytes(change.content)
        reader = rng.choice(readers)
        outcome = run_command(*reader, folder=work)
        other = outcome.code == 0 and outcome.out != usual[reader].out
        said = any(word in outcome.out for word in SAID) or outcome.err.strip()
        wrong = f"{reader[0]} prints something else" if other and not said else ""
        where = f"{path.relative_to(whole)} (kept as {_kept(folder, change.content)})"
        how = f"{outcome.command} with {change.how} in {where}"
        yield judged("damage: results", outcome, how, wrong, "said" if other else "no difference")
        target.write_bytes(path.read_bytes())


def _verdicts(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    """Results that a verdict can be read from, one cell, row, byte or entry changed (`support.damage_results`)."""
    whole = damage_results.make_results(folder / f"verdicts-{rng.randrange(10**9)}")
    for one in damage_results.outcomes(whole, count, rng.randrange(10**6)):
        failed = one.kind in (damage_results.SILENT, damage_results.TRACEBACK)
        verdict = {damage_results.SEEN: "said", damage_results.HARMLESS: "no difference"}.get(one.kind, one.kind)
        how = f"{one.damage.what} {one.detail}"
        yield Result("damage: verdicts", verdict, how, failed=failed)


def _checkpoints(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    """A run that goes on from a damaged checkpoint ends with the same tables, or says that it is not used."""
    for name in ("small", "tiny"):
        before = folder / f"checkpoint-{name}"
        scenes.put_inputs(before)
        command = ("run", f"{name}.toml", "-q", "--checkpoint-seconds", "0")
        found = _half_way(command, before)
        expected = scenes.contents(_finished(command, before))
        for _ in range(count // 2):
            change = damaged(rng, found.read_bytes(), BYTES)
            work = scenes.copy(before, folder / "checkpoint-work")
            (work / found.relative_to(before)).write_bytes(change.content)
            outcome = run_command(*command, folder=work, timeout=300)
            now = scenes.contents(work)
            aside = {name for name in now if "unused" in name}
            lost = scenes.difference({name: own for name, own in now.items() if name not in aside}, expected)
            how = f"{outcome.command} over a checkpoint with {change.how} (kept as {_kept(folder, change.content)})"
            good = "said" if aside else "no difference"
            yield judged("damage: checkpoints", outcome, how, "" if outcome.code else lost, good)


def _half_way(command: tuple[str, ...], folder: Path) -> Path:
    """The checkpoint that a run leaves when it is killed at one of its later changes on disk."""
    for at in (40, 30, 25, 20, 15, 10):
        shutil.rmtree(folder / "results", ignore_errors=True)
        crashes.overparam((command[0], str(folder / command[1]), *command[2:]), folder / "results", at=at)
        if found := [*folder.rglob("checkpoint.pt")]:
            return found[0]
    raise RuntimeError(f"{' '.join(command)} leaves no checkpoint")


def _finished(command: tuple[str, ...], folder: Path) -> Path:
    """The folder once the run has gone on undisturbed."""
    work = scenes.copy(folder, folder.with_name(f"{folder.name}-whole"))
    run_command(*command, folder=work, timeout=300)
    return work


def _data(rng: random.Random, count: int, folder: Path) -> Iterator[Result]:
    """Tables, packed files and MNIST's files, read here: what is read is what they say, or nothing is."""
    seed, each = rng.randrange(10**9), -(-count // sum(1 for _ in damage_data.cases(each=1)))
    for name, make in rng.sample(list(damage_data.cases(seed, each)), count):
        work = folder / f"data-{rng.randrange(10**9)}"
        work.mkdir()
        try:
            verdict = damage_data.judge(make(work))
        except Exception as error:
            yield Result("damage: data", f"{type(error).__name__}: {error}"[:300], f"{name} (kept in {work})", True)
        else:
            shutil.rmtree(work)
            yield Result("damage: data", "accepted" if verdict == "read" else "refused", name)


def _kept(folder: Path, content: bytes) -> Path:
    """Where a damaged content stands, for whoever wants to see what failed."""
    path = folder / "contents" / hashlib.sha256(content).hexdigest()[:12]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


SCENES: Mapping[str, Scene] = {
    "configs": _configs,
    "overrides": _overrides,
    "results": _results,
    "verdicts": _verdicts,
    "checkpoints": _checkpoints,
    "data": _data,
}
