"""What a Dask cluster costs: bytes that travel with a unit, and the time that a slice of it takes beside its training.

python tools/cluster_overhead.py [ADDRESS]        of a scheduler; two workers of this machine by default

A slice of no length is trained here and there in turn. What it takes there and not here (a new engine or trainer, its
state there and back, the scheduler) is what every slice costs, however long it is. A longer one, there and here in
turn, tells whether the training itself is as fast on a worker.
"""

import pickle
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from overparam_cli.report import terminal
from overparam_cli.report.grid import Grid
from overparam_cli.run import cluster as clusters
from overparam_cli.run.machine import steady_arithmetic, threads_each
from overparam_cli.run.plan import plan
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import Unit, trained
from overparam_cli.words import size

ROUNDS = 15
SLICES, SLICE_SECONDS = 3, 4.0  # of the longer ones
UNIT_SECONDS = 600.0  # of a unit, of which the share is
ASKED: dict[str, dict[str, Any]] = {
    "30 linear trials (fig3, ℓ4)": {"name": "fig3", "loss": "l4", "dataset": "simulated"},
    "one convolutional network (cnn-lr)": {"name": "cnn-lr", "dataset": "digits-simulated", "lr": "1e-3"},
}


def units(settings: Settings) -> Iterator[tuple[str, Unit]]:
    """One of each kind."""
    for what, asked in ASKED.items():
        name, overrides = asked["name"], {key: value for key, value in asked.items() if key != "name"}
        job = plan([name], overrides, results=Path("results"))[0]  # where nothing is written
        kind = trained(job.experiment.kind)
        problem = kind.problem(job.trials[0], settings)
        yield what, kind.units(job.trials, problem, settings)[0]


def slices(seconds: float) -> int:
    """How many a unit of that length is cut into: each twice as long as the one before, up to the longest."""
    count, length = 0, clusters.FIRST_SECONDS
    while seconds > 0:
        seconds -= length
        count, length = count + 1, min(2 * length, clusters.LONGEST_SECONDS)
    return count


def measured(what: str, unit: Unit, backend: clusters.Cluster) -> list[Any]:
    """A row of the table."""
    start = time.perf_counter()
    crew = backend._assemble([unit])
    crew.result()  # it is there
    once = time.perf_counter() - start
    unit.advance(0.0)
    expected, walls, works = clusters.conditions(backend.device), [], []

    def work() -> float:
        """Seconds of processor time, here (the scheduler's too, if it is ours) and on the workers."""
        return time.process_time() + sum(backend.client.run(time.process_time).values())

    def there(seconds: float) -> Any:
        arguments = (crew, 0, unit.state(), seconds, 1, backend.device, expected)
        return backend.client.submit(clusters.advance, *arguments, pure=False).result()

    for _ in range(ROUNDS):
        begun, start = work(), time.perf_counter()
        there(0.0)
        wall, spent = time.perf_counter() - start, work() - begun
        begun, start = time.process_time(), time.perf_counter()
        unit.advance(0.0)
        walls.append(wall - (time.perf_counter() - start))
        works.append(spent - (time.process_time() - begun))
    unit.advance(SLICE_SECONDS)  # what the device is slow to start with is over
    paces = []
    for _ in range(SLICES):
        start, done, own = time.perf_counter(), unit.done, unit.anew()
        own.restore(there(SLICE_SECONDS).state)
        elsewhere = (own.done - done) / (time.perf_counter() - start)
        start = time.perf_counter()
        unit.advance(SLICE_SECONDS)
        paces.append((unit.done - done) / (time.perf_counter() - start) / elsewhere)
    shares = [
        f"{1000 * each:.0f} ({100 * (once + slices(UNIT_SECONDS) * each) / UNIT_SECONDS:.1f} %)"
        for each in (statistics.median(walls), statistics.median(works))
    ]
    sent = [size(len(pickle.dumps(thing, protocol=5))) for thing in (unit.anew(), unit.state())]
    return [what, *sent, f"{once:.2f}", *shares, f"{statistics.median(paces):.2f}"]


def main(address: str | None) -> None:
    """Print a row a kind of unit."""
    settings = Settings(device="cpu", quiet=True, threads=1)
    steady_arithmetic()
    columns = (
        "unit",
        "sent once",
        "state, each way",
        "s once",
        "ms a slice, on the clock",
        "of processors",
        "time of an iteration",
    )
    with clusters.cluster(address, None if address else 2, "cpu") as made, threads_each(1):
        rows = [measured(what, unit, made(1, 1, clusters.LONGEST_SECONDS)) for what, unit in units(settings)]
    paces = f"time of an iteration: of one here, in slices of {SLICE_SECONDS:.0f} seconds with all that they cost"
    note = f"in brackets: of {UNIT_SECONDS / 60:.0f} minutes a unit, which are {slices(UNIT_SECONDS)} slices"
    terminal.show(Grid.of(columns, rows, notes=[note, paces]))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
