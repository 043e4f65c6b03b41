"""What a trial costs when there are many: time and memory of every command, for runs of 1,000 to 100,000 trials.

    python tools/many_trials.py --trials 1000,10000,100000
    python tools/many_trials.py --trials 10000 --log-format parquet --iterations 1000

Each run is Figure 3's left half (three curves, ten learning rates) with as many seeds as it takes, on the embedded
data, of few iterations; it goes through plan, run, status, table, plot and verify as anybody's would, one process each.
The columns are seconds, those of the processor, these in microseconds a trial, and megabytes at the most. Where
every step is linear, the microseconds of a step do not grow from one run to the next.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

TRIALS_A_SEED = 30  # three depths, ten learning rates
MOST_SEEDS = 10_000
NAME = "fig3@many"


def steps(seeds: int, options: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The commands, by the name of what they do."""
    what = ["fig3", "--loss", "l2", "--dataset", "simulated", "--seeds", str(seeds), "--name", "many"]
    yield "plan", ["run", *what, *options, "--dry-run"]
    yield "run", ["run", *what, *options, "--quiet"]
    yield "run again", ["run", *what, *options, "--quiet"]
    yield "status", ["status"]
    yield "table", ["table", NAME]
    yield "plot", ["plot", NAME, "--format", "png"]
    yield "verify", ["verify", NAME]


def timed(command: Sequence[str], results: Path) -> tuple[float, float, float]:
    """Seconds, those of the processor, and megabytes at the most, of a command in a process of its own."""
    start = time.perf_counter()
    call = [sys.executable, "-m", "overparam_cli", *command, "--results", str(results)]
    with (results / "output.txt").open("w") as output:
        process = subprocess.Popen(call, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(call)}\nended with {process.returncode}:\n{(results / 'output.txt').read_text()}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def size_of(folder: Path) -> float:
    """Megabytes of the files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Print a row a step for each number of trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default="1000,10000,100000", help="numbers of trials, separated by commas")
    parser.add_argument("--iterations", default="20", help="of every trial")
    parser.add_argument("--steps", default="", help="some of the steps only: run,table")
    asked, options = parser.parse_known_args()
    print(f"{'trials':>8}  {'step':<10}{'seconds':>9}{'computing':>11}{'µs a trial':>12}{'MB':>8}", flush=True)
    for trials in map(int, asked.trials.split(",")):
        seeds = min(max(1, round(trials / TRIALS_A_SEED)), MOST_SEEDS)
        count = seeds * TRIALS_A_SEED
        with tempfile.TemporaryDirectory() as folder:
            for name, command in steps(seeds, ["--iterations", asked.iterations, *options]):
                if asked.steps and name not in asked.steps.split(","):
                    continue
                seconds, busy, memory = timed(command, Path(folder))
                numbers = f"{seconds:>9.1f}{busy:>11.1f}{busy / count * 1e6:>12.0f}{memory:>8.0f}"
                print(f"{count:>8}  {name:<10}{numbers}", flush=True)
            print(f"{count:>8}  {'on disk':<10}{size_of(Path(folder) / NAME):>40.0f}", flush=True)


if __name__ == "__main__":
    main()
