"""One batch of linear trials as a unit: those that share a problem, loss, precision and number of iterations.

It is finished as a whole. So which trials stand side by side in a batch, on which the last bits of a product may
depend, is the same in an interrupted run and an undisturbed one.
"""

import math
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from overparam_cli.errors import ConfigError
from overparam_cli.kinds.linear import losses
from overparam_cli.kinds.linear.compiled import library as compiled
from overparam_cli.kinds.linear.compiled.kernel import Compiled
from overparam_cli.kinds.linear.engine import Engine, Snapshot
from overparam_cli.kinds.linear.fused import available as fused
from overparam_cli.kinds.linear.history import History
from overparam_cli.kinds.linear.kernels import choose
from overparam_cli.kinds.linear.pace import Pace
from overparam_cli.kinds.linear.problem import LinearProblem
from overparam_cli.kinds.linear.trial import LinearTrial
from overparam_cli.results.schema import log_iterations
from overparam_cli.run import graphs, saved
from overparam_cli.run.machine import pick_device, threads_each
from overparam_cli.run.settings import Settings
from overparam_cli.run.unit import State

if TYPE_CHECKING:
    import pandas as pd

MOST, BATCH_BYTES = 4096, 2.0**30  # trials, and bytes, of a batch; what is more makes batches one after another
LOGGED = 4  # numbers that a trial logs at a time
PROBE_SECONDS, PROBE_STEPS = 0.5, 10  # that an estimate runs for, and at a time


def batch_key(trial: LinearTrial) -> tuple[object, ...]:
    """What trials must share to train as one batch."""
    data = (trial.dataset, *trial.selection.values())
    return (
        *data,
        trial.preprocessing,
        trial.label_preprocessing,
        trial.loss,
        trial.loss_scale,
        trial.dtype,
        trial.iterations,
    )


def batches_of(trials: Iterable[LinearTrial], problem: LinearProblem) -> list[list[LinearTrial]]:
    """The trials, those together that train as one batch: MOST of them, and what fits into BATCH_BYTES.

    They are counted from the first on, so that what is left of a plan makes the batches that it would have made.
    """
    alike: dict[tuple[object, ...], list[LinearTrial]] = {}
    for trial in trials:
        alike.setdefault(batch_key(trial), []).append(trial)
    return [part for own in alike.values() for part in _parts(own, problem)]


def _parts(trials: Sequence[LinearTrial], problem: LinearProblem) -> Iterator[list[LinearTrial]]:
    costs: dict[tuple[object, ...], float] = {}  # trials of the same networks cost the same
    part, filled = list[LinearTrial](), 0.0
    for trial in trials:
        networks = (trial.parameterisation, trial.widths)
        if networks not in costs:
            costs[networks] = bytes_of([trial], problem)
        if part and (len(part) == MOST or filled + costs[networks] > BATCH_BYTES):
            yield part
            part, filled = [], 0.0
        part.append(trial)
        filled += costs[networks]
    if part:
        yield part


def bytes_of(batch: Sequence[LinearTrial], problem: LinearProblem) -> float:
    """What training a batch takes at the least: its parameters, gradients and end-to-end matrices, and its log."""
    (n, d), k = problem.X.shape, problem.Y.shape[1]
    size = 8 if batch[0].dtype == "float64" else 4
    count = Counter((trial.parameterisation, trial.widths) for trial in batch)
    parameters = sum(many * _parameters(*one, d, k) for one, many in count.items())
    residuals = 0 if batch[0].loss == "l2" else n  # in Gram form there are none
    per_trial = size * k * (2 * d + residuals) + 8 * LOGGED * len(log_iterations(batch[0].iterations))
    return float(2 * size * parameters + len(batch) * per_trial)


def _parameters(parameterisation: str, widths: Sequence[int], d: int, k: int) -> int:
    if parameterisation != "layers":
        return (len(widths) + 1) * d * k
    return sum(rows * columns for columns, rows in pairwise([d, *widths, k]))


class LinearUnit:
    """A batch of linear trials: the engine that trains it, made when it is first needed, and what it has logged."""

    def __init__(self, trials: Sequence[LinearTrial], problem: LinearProblem, settings: Settings) -> None:
        """`trials` share a batch key, and `problem` is theirs.

        Raises ConfigError for a device or a kernel that is not there.
        """
        self.trials, self.problem, self.settings = tuple(trials), problem, settings
        self.device, self.total = pick_device(settings.device), trials[0].iterations
        self.history = History(trials, [measure.name for measure in settings.measures])
        self.kernel = self._choose_kernel(settings.kernel)
        self._restored: State = {}
        self._refused = ""
        self._released = False

    @cached_property
    def engine(self) -> Engine:
        """At iteration 0, or where a saved state was."""
        engine = self._new_engine()
        if self._restored:
            engine.load_state(self._restored["engine"], self.trials)
            self._restored = {}
        return engine

    def _new_engine(self) -> Engine:
        engine = Engine(self.problem.X, self.problem.Y, self.trials, device=self.device, kernel=self.kernel)
        if self._free_threads and isinstance(engine.kernel, Compiled):
            engine.pace = Pace(engine.kernel)
        return engine

    @property
    def _free_threads(self) -> bool:
        """Whether it is left to the unit how many threads compute: the compiled kernel's bits do not depend on them."""
        return self.kernel == "compiled" and self.settings.threads is None

    @contextmanager
    def _threads(self) -> Iterator[Engine]:
        """The engine; one thread for what PyTorch does beside the kernel: that is small, and its bits may depend."""
        engine = self.engine  # made with all of them
        with threads_each(1) if self._free_threads else nullcontext():
            yield engine

    def _choose_kernel(self, wanted: str) -> str:
        return choose(losses.named(self.trials[0].loss), self.problem.Y.shape[1], self.device, wanted)

    @property
    def started(self) -> bool:
        """Whether anything is logged; iteration 0 is the first."""
        return bool(self.history.latest or self.history.diverged)

    @property
    def done(self) -> int:
        """Iterations of the batch; all of them once every trial has diverged or come to its gap."""
        if self._released or not self._open:
            return self.total
        if self._restored:
            return int(self._restored["engine"]["iteration"])
        return self.engine.iteration if self.started else 0

    @property
    def finished(self) -> bool:
        """Whether the last iteration is logged, or no trial is left."""
        return self.done >= self.total

    @property
    def alive(self) -> int:
        """Trials that have not diverged."""
        return len(self.trials) - len(self.history.diverged)

    @property
    def _open(self) -> set[str]:
        """Ids of the trials that have neither diverged nor come to the gap at which they end."""
        return {trial.trial_id for trial in self.trials} - self.history.diverged.keys() - self.history.stopped

    @property
    def latest(self) -> Mapping[str, float]:
        """Curve → smallest gap at the last log point."""
        gaps: dict[str, float] = {}
        for trial in self.trials:
            if (loss := self.history.latest.get(trial.trial_id)) is not None:
                gaps[trial.curve] = min(loss - self.problem.optimum.loss, gaps.get(trial.curve, math.inf))
        return gaps

    @property
    def alike(self) -> Hashable:
        """Batches of as many trials of each kind of network."""
        kinds = Counter((trial.parameterisation, trial.widths, trial.optimizer) for trial in self.trials)
        return (*batch_key(self.trials[0]), frozenset(kinds.items()))

    @property
    def timing(self) -> Mapping[str, Any]:
        """How large the batch is, and what computed its gradients."""
        titles = {"compiled": compiled.title, "triton": fused.title}
        kernel = titles[self.kernel]() if self.kernel in titles else self.kernel
        return {"trials": len(self.trials), "iterations": self.total, "kernel": kernel}

    @property
    def remark(self) -> str:
        """That iterations are not recorded, where that would be faster."""
        return graphs.remark(self._refused)

    def anew(self) -> "LinearUnit":
        """Without an engine, and with nothing logged."""
        return LinearUnit(self.trials, self.problem, self.settings)

    def advance(self, seconds: float) -> None:
        """From one look of the engine to the next, until time is up."""
        until = time.monotonic() + seconds
        with self._threads() as engine:
            for snapshot in self._snapshots:
                self._take(snapshot)
                self._refused = engine.refused
                if time.monotonic() >= until:
                    return

    @cached_property
    def _snapshots(self) -> Iterable[Snapshot]:
        return self.engine.run(self.total, log_iterations(self.total))

    def _take(self, snapshot: Snapshot) -> None:
        measured = None
        if snapshot.loss is not None and self.settings.measures:
            measured = {measure.name: measure(self.engine) for measure in self.settings.measures}
        self.history.add(snapshot, measured)
        self.engine.release(self.history.stop(snapshot, self.problem.optimum.loss))

    def state(self) -> State:
        """Engine and log."""
        if not self.started:
            return {}
        engine = self._restored["engine"] if self._restored else self.engine.state()
        made = {"kernel": self.kernel, "refused": self._refused}
        return {**made, "engine": engine, "history": self.history.state()}

    def restore(self, state: State) -> None:
        """The engine goes on from there once it is made, with the kernel that it was trained with.

        Raises ConfigError where another is asked for, or that one is not to be had.
        """
        if state:
            before = state["kernel"]
            wanted = self.settings.kernel
            if wanted not in ("auto", before) and self.kernel != before:
                raise ConfigError(
                    f"the checkpoint was made with the kernel '{before}', and its trials do not go on with another: "
                    f"use --kernel {before}, or give this run a folder of its own with --name"
                )
            self.kernel = self._choose_kernel(before)
            self._restored, self._refused = state, str(state.get("refused", ""))
            self.history.load_state(state["history"])

    def check(self, state: State) -> None:
        """By an engine of its own."""
        if not state:
            return
        saved.count(state["engine"]["iteration"], self.total)
        own = self.anew()
        own.restore(state)
        if {trial.trial_id for trial in own.engine.trials} != own._open:
            raise ValueError("its trials are not those of this batch")

    def tables(self) -> "tuple[pd.DataFrame, pd.DataFrame]":
        """Rows of `trials.csv`, then of `log.csv`."""
        optimal = self.problem.optimum.loss
        log = self.history.log_table(optimal)
        return self.history.trial_table(log, optimal), log

    def release(self) -> None:
        """The engine and the log: a plan may have thousands of batches."""
        for name in ("engine", "_snapshots"):
            vars(self).pop(name, None)
        self._restored, self.history, self._released = {}, History(()), True

    def probe(self) -> float:
        """By steps of an engine of its own."""
        engine = self._new_engine()
        engine.advance(PROBE_STEPS)  # warm up
        engine.loss()  # waits for the device
        start, steps = time.monotonic(), 0
        while time.monotonic() - start < PROBE_SECONDS:
            engine.advance(PROBE_STEPS)
            steps += PROBE_STEPS
        engine.loss()
        return self.total * (time.monotonic() - start) / steps
