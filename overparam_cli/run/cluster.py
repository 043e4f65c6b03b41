"""Units on a Dask cluster: a back end for workers on other machines, or in other processes of this one.

A slice of a unit's training is a task: a pure function from the unit's state to its next one. The driver alone keeps
the states, writes checkpoints and logs, and hears a stop. So a worker may come, go or die at any moment: what is lost
is the slice that it had in hand, which another worker repeats from the same state, to the same bits.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from inspect import signature
from typing import Any, NamedTuple

import dask
from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.client import ClosedClientError

from overparam_cli.errors import ClusterError, ConfigError, OverparamError
from overparam_cli.run import manifest
from overparam_cli.run.machine import pick_device, steady_arithmetic, threads_each
from overparam_cli.run.unit import State, Unit

# Of a unit's first slice, and of its later ones at most; a stop request waits for the slices under way.
FIRST_SECONDS, LONGEST_SECONDS = 0.5, 20.0
CONNECT_SECONDS = 10
LARGE = "4GiB"  # Dask would warn of tasks that carry more than 10 MB; ours carry images and networks
MOST_TRIES = 3  # of a slice that is lost, as Dask has it of a task that kills its workers
DYING = (
    "the workers died while they trained the same unit, for want of memory perhaps: "
    "look at their logs, then run the same command again"
)
SAME = ("overparam", "torch")  # packages of which the workers must have the driver's version
GPU = "GPU"  # the resource that workers announce which have one: dask worker --resources GPU=1


class Slice(NamedTuple):
    """What a worker sends back: the unit's state now, and the seconds that it took to get there."""

    state: State
    seconds: float


def conditions(device: str) -> dict[str, str]:
    """What decides the numbers here, and what the manifest says of them, for a run on that device."""
    try:
        computed_on = pick_device(device).type
    except ConfigError:
        computed_on = f"no {device}"
    return {package: manifest.versions()[package] for package in SAME} | {"device": computed_on}


def assemble(units: Sequence[Unit]) -> Sequence[Unit]:
    """On a worker: the units of a job as a task's result, which workers pass on to each other and make anew if lost."""
    return units


def advance(
    units: Sequence[Unit], place: int, state: State, seconds: float, threads: int, device: str, expected: dict[str, str]
) -> Slice:
    """On a worker: train the unit at `place` from `state` for about `seconds`.

    Raises ClusterError where the conditions are not the `expected` ones: the numbers would be others.
    """
    if (here := conditions(device)) != expected:
        raise ClusterError(
            f"a worker has {here}, the driver {expected}: install the same versions on all of them, and let them "
            "compute on the same kind of device (--device cpu is everywhere)"
        )
    start = time.monotonic()
    steady_arithmetic()
    unit = units[place].anew()
    unit.restore(state)
    with threads_each(threads):
        unit.advance(seconds)
    return Slice(unit.state(), time.monotonic() - start)


def probe(units: Sequence[Unit], place: int, threads: int) -> float:
    """On a worker: the seconds that the unit at `place` takes there."""
    steady_arithmetic()
    with threads_each(threads):
        return units[place].anew().probe()


class Cluster:
    """The workers of a scheduler; each trains one unit at a time with `threads` threads."""

    def __init__(self, client: Client, places: int, threads: int, most_seconds: float, device: str = "auto") -> None:
        """`places` is for one machine: here it is the scheduler's business. `most_seconds` limits a slice."""
        self.client, self.threads, self.device = client, threads, device
        self.longest = min(most_seconds, LONGEST_SECONDS)

    def drain(self, units: Sequence[Unit], after: Callable[[Unit, float], None]) -> None:
        """As the protocol says; `units` are brought to the state of each slice that comes back."""
        crew = self._assemble(units)
        expected = conditions(self.device)

        def submit(place: int, seconds: float) -> Future[Any]:
            arguments = (
                crew,
                place,
                units[place].state(),
                min(seconds, self.longest),
                self.threads,
                self.device,
                expected,
            )
            # The first in line first: few are half trained at a time, and results come early.
            return self.client.submit(advance, *arguments, pure=False, priority=-place, resources=needs)

        needs = self._needs()
        tries = [0] * len(units)  # slices that were lost in a row
        training = {submit(place, FIRST_SECONDS): place for place in range(len(units))}
        done = as_completed(training, loop=self.client.loop)
        try:
            for future in done:
                place = training.pop(future)
                unit, slice_ = units[place], _result(future)
                tries[place] = 0 if slice_ else tries[place] + 1
                if tries[place] > MOST_TRIES:
                    raise ClusterError(DYING)
                if slice_:
                    unit.restore(slice_.state)
                    after(unit, slice_.seconds)
                if not unit.finished:
                    needs = self._needs()
                    following = submit(place, max(2 * slice_.seconds, FIRST_SECONDS) if slice_ else FIRST_SECONDS)
                    training[following] = place
                    done.add(following)
        except ClosedClientError as error:
            raise ClusterError(
                "the connection to the scheduler is lost: see that it runs, then run the same command again"
            ) from error
        finally:
            with suppress(ClosedClientError):
                self.client.cancel([*training, crew])

    def estimate(self, units: Sequence[Unit]) -> float:
        """One of each kind is timed on a worker."""
        if not units:
            return 0.0
        crew, places = self._assemble(units), min(len(units), max(1, len(self.client.nthreads())))
        groups: dict[Hashable, list[int]] = {}
        for place, unit in enumerate(units):
            groups.setdefault(unit.alike, []).append(place)
        how: dict[str, Any] = {"pure": False, "resources": self._needs()}
        probes = [self.client.submit(probe, crew, own[0], self.threads, **how) for own in groups.values()]
        costs = [len(own) * (_result(each) or math.nan) for own, each in zip(groups.values(), probes, strict=True)]
        return float(sum(costs)) / places

    def _needs(self) -> dict[str, int]:
        """A GPU to itself, as soon as workers announce any, unless the run is to be on processors."""
        if self.device == "cpu":
            return {}
        ask = self.client.scheduler_info
        info = ask(n_workers=-1) if "n_workers" in signature(ask).parameters else ask()  # else a few, in some versions
        return {GPU: 1} if any(worker["resources"].get(GPU) for worker in info["workers"].values()) else {}

    def _assemble(self, units: Sequence[Unit]) -> Future[Any]:
        return self.client.submit(assemble, [unit.anew() for unit in units], pure=False)


def _result(future: Future[Any]) -> Any:
    """What a task returned; None where that was lost on its way. Raises ClusterError where it could not be done."""
    try:
        return future.result()
    except OverparamError:
        raise
    except (OSError, CancelledError):  # its worker died before the driver had it
        return None
    except KilledWorker as error:
        raise ClusterError(DYING) from error
    except Exception as error:  # whatever the worker's installation leads to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ClusterError(f"a worker failed ({reason}): mend it, then run the same command again") from error


@contextmanager
def cluster(
    scheduler: str | None, workers: int | None, device: str = "auto"
) -> Iterator[Callable[[int, int, float], Cluster]]:
    """What makes the back end: of the `scheduler` at an address, or of so many `workers` started on this machine.

    `device` is where they are to compute, one of `machine.DEVICES`.

    Raises ClusterError where no scheduler answers.
    """
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": LARGE}), ExitStack() as stack:
        try:
            address: Any = scheduler or stack.enter_context(_local(workers or 1))
            client = stack.enter_context(Client(address, timeout=CONNECT_SECONDS, set_as_default=False))
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"no scheduler answers at {scheduler} ({error}): start one with `dask scheduler`, or mend the address"
            ) from error
        yield lambda places, threads, seconds: Cluster(client, places, threads, seconds, device)


def _local(workers: int) -> LocalCluster:
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs="ERROR"
    )
