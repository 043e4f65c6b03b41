"""What `--threads auto` does beside busy loops: seconds an iteration over those of one thread, everything in turn.

python tools/busy_threads.py [BUSY]        BUSY loops beside it, as many as there are cores by default; then none
"""

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from overparam_cli.kinds.linear import bench
from overparam_cli.kinds.linear.compiled.kernel import Compiled
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.pace import Pace
from overparam_cli.kinds.linear.problem import load_problem
from overparam_cli.run.machine import steady_arithmetic
from overparam_cli.run.settings import Settings
from overparam_cli.words import count

ROUNDS, SECONDS = 10, 0.25  # of each subject
Ways = dict[str, Callable[[int], None]]


def spin() -> None:
    """Work that never ends."""
    while True:
        pass


def ways(trials: int) -> Ways:
    """One thread, all of them, and as many as are measured to pay; then PyTorch's kernel with one and with all."""
    found: Ways = {}
    batch = bench.batch(bench.template("l4", 1, "simulated", "float32"), trials, bench.DEPTHS)
    problem = load_problem(batch[0], Settings())
    for name, kernel in (("", "compiled"), ("torch, ", "torch")):
        for threads in (1, os.cpu_count() or 1):
            torch.set_num_threads(threads)
            engine = Engine(problem.X, problem.Y, batch, kernel=kernel)
            found[f"{name}{threads} thread{'s' * (threads > 1)}"] = with_threads(threads, engine)
    torch.set_num_threads(os.cpu_count() or 1)
    engine = Engine(problem.X, problem.Y, batch, kernel="compiled")
    assert isinstance(engine.kernel, Compiled)
    engine.pace = Pace(engine.kernel)
    found["auto"] = with_threads(1, engine)
    return found


def with_threads(threads: int, engine: Engine) -> Callable[[int], None]:
    """Its iterations, with so many threads of PyTorch's."""

    def run(steps: int) -> None:
        torch.set_num_threads(threads)
        engine.advance(steps)

    return run


def look(run: Callable[[int], None], at_a_time: int) -> float:
    """Seconds an iteration, over SECONDS of them."""
    start, steps = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        run(at_a_time)
        steps += at_a_time
    return (time.perf_counter() - start) / steps


def show(title: str) -> None:
    """A line for each number of trials."""
    for trials in (1, 13, 30):
        found = ways(trials)
        looks: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(ROUNDS):
            for name, run in found.items():
                looks[name].append(look(run, 1 if "torch" in name else 100))
        alone = looks["1 thread"]
        ratios = {
            name: (statistics.median(own), statistics.fmean(own) / statistics.fmean(alone))
            for name, own in looks.items()
        }
        print(
            f"{title}, {count(trials, 'trial')}: "
            + "; ".join(f"{n} {m * 1e6:.0f} µs ({r:.2f})" for n, (m, r) in ratios.items())
        )


if __name__ == "__main__":
    steady_arithmetic()
    beside = int(sys.argv[1]) if len(sys.argv) > 1 else os.cpu_count() or 1
    print(f"{Path(sys.argv[0]).name}: µs an iteration, median (mean over that of one thread)")
    loops = [multiprocessing.get_context("spawn").Process(target=spin, daemon=True) for _ in range(beside)]
    for loop in loops:
        loop.start()
    show(f"{beside} busy loops")
    for loop in loops:
        loop.terminate()
        loop.join()
    show("none")
