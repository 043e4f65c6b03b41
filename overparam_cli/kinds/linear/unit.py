"""Jobs of linear networks: trials that share a problem, p, precision and number of iterations train as one batch.

A finished batch is committed to the CSVs as a whole; until then it lives in the folder's checkpoint. So which trials
stand side by side in a batch, on which the last bits of a product may depend, is the same in an interrupted run and an
undisturbed one.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from overparam_cli.data import Dataset, load, preprocess
from overparam_cli.experiments import AnyTrial, Trial
from overparam_cli.kinds.linear import regression
from overparam_cli.kinds.linear.engine import Engine
from overparam_cli.kinds.linear.history import History
from overparam_cli.results import logs
from overparam_cli.run import manifest
from overparam_cli.run.job import Job, JobRun, Settings
from overparam_cli.run.machine import pick_device
from overparam_cli.run.progress import Status

PROBE_SECONDS = 0.5  # that an estimate runs for


@dataclass(frozen=True)
class LinearProblem:
    """A data set, scaled, with its certified optimum for one p."""

    dataset: Dataset
    preprocessing: str
    X: torch.Tensor  # (n, d) float64
    Y: torch.Tensor  # (n, k) float64
    optimum: regression.Optimum
    loss_at_zero: float

    @property
    def fingerprint(self) -> str:
        """Of the data set."""
        return self.dataset.fingerprint

    def describe(self) -> dict[str, Any]:
        """Data set and optimum, for the manifest."""
        return {
            "dataset": manifest.describe_dataset(self.dataset, self.preprocessing),
            "optimum": manifest.describe_optimum(self.optimum, self.loss_at_zero),
        }


def batch_key(trial: Trial) -> tuple[object, ...]:
    """What trials must share to train as one batch."""
    return (trial.dataset, trial.targets, trial.preprocessing, trial.loss, trial.dtype, trial.iterations)


def load_problem(trial: Trial, settings: Settings) -> LinearProblem:
    """The problem a trial is about; errors as in `data.load`."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    raw = load(trial.dataset, targets=trial.targets, data_dir=settings.data_dir, offline=settings.offline, progress=bar)
    dataset = preprocess(raw, trial.preprocessing)
    X, Y = torch.from_numpy(dataset.X), torch.from_numpy(dataset.Y)
    zero = regression.loss(torch.zeros(dataset.k, dataset.d, dtype=torch.float64), X, Y, trial.p)
    optimum = regression.optimum(dataset.X, dataset.Y, trial.p)
    return LinearProblem(dataset, trial.preprocessing, X, Y, optimum, float(zero))


def batches_of(trials: Iterable[Trial]) -> list[list[Trial]]:
    """The trials, those together that train as one batch."""
    batches: dict[tuple[object, ...], list[Trial]] = {}
    for trial in trials:
        batches.setdefault(batch_key(trial), []).append(trial)
    return list(batches.values())


def _estimate_batch(batch: list[Trial], settings: Settings) -> float:
    problem = load_problem(batch[0], settings)
    engine = Engine(problem.X, problem.Y, batch, device=pick_device(settings.device))
    for _ in range(10):  # warm up
        engine.step()
    engine.loss()  # waits for the device
    start, steps = time.monotonic(), 0
    while time.monotonic() - start < PROBE_SECONDS:
        for _ in range(10):
            engine.step()
        steps += 10
    engine.loss()
    return batch[0].iterations * (time.monotonic() - start) / steps


class LinearRun(JobRun):
    """One pass over a linear experiment's folder."""

    @staticmethod
    def weight(trial: AnyTrial) -> float:
        """ℓ2 in Gram form costs about a fifth."""
        return 0.2 if trial.loss == "l2" else 1.0

    @staticmethod
    def estimate(job: Job, missing: Sequence[Trial], settings: Settings) -> float:
        """Batch by batch."""
        return sum(_estimate_batch(batch, settings) for batch in batches_of(missing))

    def load_problem(self, trial: AnyTrial) -> LinearProblem:
        """The problem of a trial of this job."""
        assert isinstance(trial, Trial)
        return load_problem(trial, self.settings)

    def fits(self, inside: set[str], wanted: set[str]) -> bool:
        """A batch is gone on with as it was, or not at all."""
        return inside <= wanted

    def train(self, waiting: Sequence[Trial], saved: Mapping[str, Any] | None, missing: Sequence[Trial]) -> None:
        """Batch by batch, the half-trained one first."""
        if saved:
            self._train(list(waiting), saved)
        for batch in batches_of(missing):
            self._train(batch, None)

    def _train(self, batch: list[Trial], saved: Mapping[str, Any] | None) -> None:
        """Train one batch to its end and commit it."""
        problem = load_problem(batch[0], self.settings)
        engine = Engine(problem.X, problem.Y, batch, device=self.device)
        history, elapsed, start = History(batch), 0.0, time.monotonic()
        if saved:
            engine.load_state(saved["engine"], batch)
            history.load_state(saved["history"])
            elapsed = float(saved["elapsed"])
            self.progress.message(f"{self.job.title}: going on from iteration {engine.iteration:,}")
        self.write_manifest(problem)
        iterations, last_saved = batch[0].iterations, start

        def save() -> None:
            state = {"engine": engine.state(), "history": history.state()}
            self.save_checkpoint(batch, state | {"elapsed": elapsed + time.monotonic() - start})

        for snapshot in engine.run(iterations, logs.log_iterations(iterations)):
            measured = None
            if snapshot.loss is not None and self.settings.measures:
                measured = {measure.name: measure(engine) for measure in self.settings.measures}
            history.add(snapshot, measured)
            if snapshot.loss is not None:
                self.progress.update(self._status(problem, history, snapshot.iteration, iterations))
            now = time.monotonic()
            if self.stop.is_set():
                save()
                raise self.interrupted(f"{engine.iteration:,} of {iterations:,}")
            if now - last_saved >= self.settings.checkpoint_seconds:
                save()
                last_saved = now
        elapsed += time.monotonic() - start
        self.timings.append({"trials": len(batch), "iterations": iterations, "seconds": round(elapsed, 3)})
        log = history.log_table(problem.optimum.loss)
        self.commit(problem, history.trial_table(log, problem.optimum.loss), log)
        self.checkpoint.unlink(missing_ok=True)

    def _status(self, problem: LinearProblem, history: History, iteration: int, iterations: int) -> Status:
        """The batch at a log point: the best gap so far of each curve still alive."""
        gaps: dict[str, float] = {}
        for trial in history.trials:
            loss = history.latest.get(trial.trial_id)
            if loss is not None:
                gaps[trial.curve] = min(loss - problem.optimum.loss, gaps.get(trial.curve, float("inf")))
        return Status(self.job.title, iteration, iterations, len(history.latest), len(history.trials), gaps)
