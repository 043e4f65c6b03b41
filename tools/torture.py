"""Kill commands, damage what they read, count what comes of it: nothing may be lost, silently wrong, or unexplained.

    python tools/torture.py --crashes 2500 --kills 100 --damages 2000 --seed 0

Crash points: every command that writes is killed before each of its changes to the disk, half of what it wrote there or
all of it; or it is refused the change, finds the disk full, is interrupted or asked to end. Then it is given again, and
must end with what an undisturbed one leaves. Kills: real processes, killed at random times, again and again until one
comes through. Damages: experiment files, overrides, theory's parameters, logs, manifests, checkpoints, tables and
archives; each must be refused in one line, or make no difference, or be said.

A crash point takes 0.6 s of one core (2,500 of them 25 minutes), a kill 3 s (100: 5 minutes), a damaged input 0.25 s
(2,000: 9 minutes), in all what the line above says: 40 minutes where nothing else runs. That its cases report faults
which are put into the program on purpose is held by tests/run/test_torture_sees.py.

Says every failing case as it comes, with what reproduces it (kept below --work), then prints a table of counts, however
it ends; exits with 1 if a case failed. `--only NAME` runs one part, or one scene of it.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["MPLBACKEND"] = "agg"
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from support.forked import prepare  # noqa: E402
from support.torment import Result  # noqa: E402
from support.torment_crashes import crash_points  # noqa: E402
from support.torment_damages import damages  # noqa: E402
from support.torment_kills import kills  # noqa: E402

COLUMNS = ("cases", "refused", "no difference", "said", "accepted", "FAILED")


@dataclass
class Tally:
    """What came of the cases of each scene."""

    counts: dict[str, Counter[str]]
    failed: list[Result]

    def add(self, result: Result) -> None:
        """Count a case, and say at once what failed."""
        own = self.counts.setdefault(result.scene, Counter())
        own["cases"] += 1
        own["FAILED" if result.failed else result.verdict] += 1
        if result.failed:
            self.failed.append(result)
            print(f"\nFAILED {result.scene}: {result.verdict}\n  {result.how}", flush=True)

    def show(self) -> None:
        """The table."""
        width = max(map(len, self.counts), default=5) + 2
        print("\n" + "scene".ljust(width) + "".join(name.rjust(15) for name in COLUMNS))
        total: Counter[str] = Counter()
        for scene, own in self.counts.items():
            print(scene.ljust(width) + "".join(str(own[name]).rjust(15) for name in COLUMNS))
            total += own
        print("in all".ljust(width) + "".join(str(total[name]).rjust(15) for name in COLUMNS))


def results(options: argparse.Namespace, work: Path) -> Iterator[Result]:
    """Every case of every part that is asked for."""
    parts = {"crashes": crash_points, "kills": kills, "damages": damages}
    for name, part in parts.items():
        if count := getattr(options, name):
            folder = work / name
            folder.mkdir(parents=True, exist_ok=True)
            yield from part(random.Random(f"{options.seed} {name}"), count, folder, options.only)


def in_worker(options: argparse.Namespace, work: Path) -> Iterator[Result]:
    """The same, from a process group of its own, which ends when this does: whoever counts never waits for a case."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    worker = os.fork()
    if not worker:
        _work(options, work, theirs)
    theirs.close()
    try:
        while (result := ours.recv()) is not None:  # an EOFError where the worker could not go on
            yield result
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def _work(options: argparse.Namespace, work: Path, counter: Connection) -> NoReturn:
    try:
        os.setpgid(0, 0)
        prepare()
        for result in results(options, work):
            counter.send(result)
        counter.send(None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def main() -> None:
    """Run the parts and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crashes", type=int, default=150, help="crash points in all (default %(default)s)")
    parser.add_argument("--kills", type=int, default=10, help="kills of real processes (default %(default)s)")
    parser.add_argument("--damages", type=int, default=300, help="damaged inputs in all (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="scenes whose name has this in it")
    parser.add_argument("--work", type=Path, help="folder for the cases; a temporary one by default, kept on failure")
    options = parser.parse_args()
    work = (options.work or Path(tempfile.mkdtemp(prefix="torture-"))).resolve()
    start, tally = time.monotonic(), Tally({}, [])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # whoever has waited long enough gets the counts so far
            for result in in_worker(options, work):
                tally.add(result)
    finally:
        tally.show()
        print(f"{time.monotonic() - start:.0f} s; {len(tally.failed)} failed; the last cases stand in {work}")
    sys.exit(bool(tally.failed))


if __name__ == "__main__":
    main()
