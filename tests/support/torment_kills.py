"""Real processes, ended at random moments of their life again and again, until one comes through."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from support import scenes
from support.torment import Result

COMMANDS = (
    ("run", "small.toml", "-q", "--checkpoint-seconds", "0", "--iterations", "20000"),
    ("run", "small.toml", "--checkpoint-seconds", "0", "--iterations", "20000"),
    ("run", "tiny.toml", "-q", "--checkpoint-seconds", "0", "--iterations", "12"),
    ("theory", "lemma3", "--set", "depths=2,3,4", "--no-figures", "-q"),
    ("run", "fig1", "--smoke", "-q"),
)
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STARTED = (
    signal.SIG_DFL,
    signal.SIG_IGN,
)  # what a process is told of Ctrl-C: nothing; to ignore it, as `&` in scripts does
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}  # this program, not an installed one
TRIES = 12  # kills in a row, before one is let through


def kills(rng: random.Random, count: int, folder: Path, only: str) -> Iterator[Result]:
    """At least `count` kills, command after command."""
    asked = [command for command in COMMANDS if only in f"kill: {' '.join(command)}"]
    undisturbed = {command: _undisturbed(command, folder / f"undisturbed-{i}") for i, command in enumerate(asked)}
    done = 0
    while asked and done < count:
        for command in asked:
            expected, seconds = undisturbed[command]
            for result in _tormented(rng, command, _fresh(folder / "work"), expected, seconds):
                done += 1
                yield result
            if done >= count:
                return


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    scenes.put_inputs(folder)
    return folder


def _undisturbed(command: tuple[str, ...], folder: Path) -> tuple[dict[str, object], float]:
    _fresh(folder)
    start = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "overparam_cli", *command], cwd=folder, check=True, capture_output=True, env=ENVIRONMENT
    )
    return scenes.contents(folder), time.monotonic() - start


def _tormented(
    rng: random.Random, command: tuple[str, ...], folder: Path, expected: dict[str, object], seconds: float
) -> Iterator[Result]:
    """Kill the command until it comes through, then compare; one result a kill, the last one judged by the outcome."""
    scene, story = f"kill: {' '.join(command[:2])}", []
    for place in range(rng.randint(2, TRIES) + 1):
        moment = rng.uniform(0, 1.2 * seconds)
        number, started = rng.choice(SIGNALS), rng.choice(STARTED)
        process = subprocess.Popen(
            [sys.executable, "-m", "overparam_cli", *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
            preexec_fn=partial(signal.signal, signal.SIGINT, started),
        )
        try:
            _, said = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            try:
                _, said = process.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                yield Result(scene, f"hang after {signal.Signals(number).name}", _how(command, story), failed=True)
                return
            ignoring = ", Ctrl-C ignored" if started is signal.SIG_IGN else ""
            story.append(f"{signal.Signals(number).name} after {moment:.2f} s{ignoring}")
        else:
            if process.returncode == 0 and place:
                break
            story.append(f"ended by itself, exit {process.returncode}")
        if wrong := _wrong(process.returncode, said):
            yield Result(scene, wrong, _how(command, story), failed=True)
            return
        yield Result(scene, "no difference", _how(command, story))
    end = subprocess.run(
        [sys.executable, "-m", "overparam_cli", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env=ENVIRONMENT,
    )
    lost = scenes.difference(scenes.contents(folder), expected)
    if end.returncode:
        lost = f"exit {end.returncode}: {_both_ends(end.stderr)}"
    yield Result(scene, f"lost: {lost}" if lost else "no difference", _how(command, story), failed=bool(lost))


def _wrong(code: int, said: str) -> str:
    """What no process that was asked to end may end in."""
    if "Traceback (most recent call last)" in said:
        return f"traceback: {said.strip().splitlines()[-1][:300]}"
    if code not in (0, 130, *(-number for number in SIGNALS)):
        return f"exit code {code}: {_both_ends(said)}"
    return ""


def _both_ends(said: str) -> str:
    """The head of what was said, which names a fault, and its end, which often names the place."""
    said = said.strip()
    return said if len(said) <= 1600 else f"{said[:1000]}\n  […]\n{said[-600:]}"


def _how(command: tuple[str, ...], story: list[str]) -> str:
    return f"overparam {' '.join(command)}: {'; '.join(story)}"
