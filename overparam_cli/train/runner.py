"""Plan → train → write → resume, for one variant of an experiment: one run folder, one lock, one writer.

Trials that share a data set, p, precision and number of iterations train as one batch. A finished batch is committed to
the CSVs as a whole; until then it lives in the folder's checkpoint. So which trials stand side by side in a batch, on
which the last bits of a product may depend, is the same in an interrupted run and an undisturbed one.
"""

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import filelock
import pandas as pd
import torch

from overparam_cli import logs
from overparam_cli.core import regression
from overparam_cli.data import Dataset, load, preprocess
from overparam_cli.errors import BusyError, ConfigError, LogError, RunInterrupted, StorageError
from overparam_cli.experiments import Experiment, Trial
from overparam_cli.train import manifest, reuse
from overparam_cli.train.engine import Engine, pick_device, steady_arithmetic
from overparam_cli.train.history import History
from overparam_cli.train.progress import Progress, Status

if TYPE_CHECKING:
    from overparam_cli.train.measure import Measure


@dataclass(frozen=True)
class Job:
    """One variant of one experiment, to be brought to completion in `folder`."""

    experiment: Experiment
    variant: str
    trials: tuple[Trial, ...]
    folder: Path
    name: str  # of the experiment's folder: fig3, fig3@quick
    overrides: Mapping[str, Any] = field(default_factory=dict)
    full_length: bool = True

    @property
    def title(self) -> str:
        """How displays call it."""
        return f"{self.name}/{self.variant}"


@dataclass(frozen=True)
class Settings:
    """How to run, as opposed to what: nothing here changes what a trial means."""

    device: str = "auto"
    data_dir: Path | None = None
    offline: bool = False
    quiet: bool = False  # no progress bar of a download either
    reuse: bool = True  # take finished trials over from other experiments of the same results folder
    measures: "tuple[Measure, ...]" = ()
    checkpoint_seconds: float = 20.0


@dataclass(frozen=True)
class Problem:
    """A data set, scaled, with its certified optimum for one p."""

    dataset: Dataset
    preprocessing: str
    X: torch.Tensor  # (n, d) float64
    Y: torch.Tensor  # (n, k) float64
    optimum: regression.Optimum
    loss_at_zero: float


def batch_key(trial: Trial) -> tuple[object, ...]:
    """What trials must share to train as one batch."""
    return (trial.dataset, trial.targets, trial.preprocessing, trial.loss, trial.dtype, trial.iterations)


def load_problem(trial: Trial, settings: Settings) -> Problem:
    """The problem a trial is about; errors as in `data.load`."""
    bar = False if settings.quiet else None  # None: where the output is a terminal
    raw = load(trial.dataset, targets=trial.targets, data_dir=settings.data_dir, offline=settings.offline, progress=bar)
    dataset = preprocess(raw, trial.preprocessing)
    X, Y = torch.from_numpy(dataset.X), torch.from_numpy(dataset.Y)
    zero = regression.loss(torch.zeros(dataset.k, dataset.d, dtype=torch.float64), X, Y, trial.p)
    optimum = regression.optimum(dataset.X, dataset.Y, trial.p)
    return Problem(dataset, trial.preprocessing, X, Y, optimum, float(zero))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run folder for one writer. Raises BusyError while another run has it, StorageError if it is read-only."""
    lock = filelock.FileLock(folder / logs.LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise BusyError(
            f"another run is writing to {folder}: wait for it, or give this one a folder of its own with --name"
        ) from error
    except OSError as error:
        raise StorageError(
            f"cannot write to {folder}: {error.strerror}; choose another folder with --results"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a termination signal sets; a second Ctrl-C interrupts at once."""
    stop = threading.Event()

    def ask(signum: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(signum, before[signal.Signals(signum)])

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    for signum in before:
        signal.signal(signum, ask)
    try:
        yield stop
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def finished_ids(folder: Path) -> set[str]:
    """Trials whose rows stand in a run folder."""
    if not (folder / logs.TRIALS).exists():
        return set()
    return set(logs.read_run(folder).trials["trial_id"])


def run_job(job: Job, settings: Settings, progress: Progress) -> None:
    """Bring a job to completion: go on from its checkpoint, train what is missing, write the run folder.

    Raises BusyError, StorageError, LogError for a damaged folder, ConfigError for measures that finished trials lack,
    the data errors of `data.load`, and RunInterrupted when asked to stop; what was finished is kept, and the same call
    goes on.
    """
    with locked(job.folder), stop_requests() as stop:
        steady_arithmetic()
        JobRun(job, settings, progress, stop).complete()


class JobRun:
    """One pass over a job's folder, while it is locked."""

    def __init__(self, job: Job, settings: Settings, progress: Progress, stop: threading.Event) -> None:
        """Nothing is read or written before `complete`."""
        self.job, self.settings, self.progress, self.stop = job, settings, progress, stop
        self.device = pick_device(settings.device)
        self.checkpoint = job.folder / logs.CHECKPOINT
        self.timings: list[dict[str, Any]] = []
        self.adopted: dict[str, str] = {}

    def complete(self) -> None:
        """Train every missing trial, batch by batch."""
        job = self.job
        logs.sweep(job.folder)
        done = finished_ids(job.folder)
        self._check_measured(done)
        missing = [trial for trial in job.trials if trial.trial_id not in done]
        self.progress.begin(job.title, len(job.trials), len(job.trials) - len(missing))
        if not missing:
            self.checkpoint.unlink(missing_ok=True)
            self.progress.end(job.title)
            return
        saved = self._load_checkpoint(missing)
        inside = set(saved["trials"]) if saved else set()  # half trained: these are gone on with, not taken over
        waiting = [trial for trial in missing if trial.trial_id in inside]
        missing = [trial for trial in missing if trial.trial_id not in inside]
        if missing and self.settings.reuse and not self.settings.measures:
            missing = self._adopt(missing)
        if saved:
            self._train(waiting, saved)
        batches: dict[tuple[object, ...], list[Trial]] = {}
        for trial in missing:
            batches.setdefault(batch_key(trial), []).append(trial)
        for batch in batches.values():
            self._train(batch, None)
        self.progress.end(job.title)

    def _check_measured(self, done: set[str]) -> None:
        """Refuse to measure where trials of the plan are finished without: they will not be run again."""
        asked = [measure.name for measure in self.settings.measures]
        if not asked or not done.intersection(trial.trial_id for trial in self.job.trials):
            return
        lacking = [name for name in asked if name not in logs.read_run(self.job.folder).log]
        if lacking:
            raise ConfigError(
                f"{self.job.title} has finished trials without {', '.join(lacking)}, and finished trials are not run "
                "again: give the measured run a folder of its own with --name"
            )

    def _adopt(self, missing: Sequence[Trial]) -> list[Trial]:
        """Take over trials that another experiment of the same results folder has finished."""
        found = reuse.find(missing, self.job.folder)
        if found is None:
            return list(missing)
        problem = load_problem(missing[0], self.settings)
        if problem.dataset.fingerprint != found.fingerprint:
            return list(missing)
        self.adopted = found.sources
        places = ", ".join(sorted(set(found.sources.values())))
        self.progress.message(f"{self.job.title}: {len(found.sources)} trials taken over from {places}")
        self._commit(problem, found.trials, found.log)
        return [trial for trial in missing if trial.trial_id not in found.sources]

    def _load_checkpoint(self, missing: Sequence[Trial]) -> dict[str, Any] | None:
        """The checkpoint if it belongs to missing trials; one that cannot be read or used is set aside, and said so."""
        if not self.checkpoint.exists():
            return None
        try:
            saved: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
            inside, wanted = set(saved["trials"]), {trial.trial_id for trial in missing}
            measures = [measure.name for measure in self.settings.measures]
            if inside <= wanted and saved["schema"] == logs.SCHEMA and saved["measures"] == measures:
                return saved
            why = "it belongs to other trials"
            if not inside & wanted:  # committed just before the run was killed
                self.checkpoint.unlink()
                return None
        except Exception as error:  # torch.load raises whatever the damage leads to
            why = f"it cannot be read ({type(error).__name__})"
        aside = self.checkpoint.with_suffix(".unused.pt")
        self.checkpoint.replace(aside)
        self.progress.message(f"{self.job.title}: the checkpoint is not used, {why}; it is kept as {aside.name}")
        return None

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
        logs.write_json(self.job.folder / logs.MANIFEST, self._manifest(problem))
        iterations, last_saved = batch[0].iterations, start

        def save() -> None:
            content = {
                "schema": logs.SCHEMA,
                "trials": [trial.trial_id for trial in batch],
                "measures": [measure.name for measure in self.settings.measures],
                "engine": engine.state(),
                "history": history.state(),
                "elapsed": elapsed + time.monotonic() - start,
            }
            logs.replace(self.checkpoint, lambda file: torch.save(content, file))

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
                raise RunInterrupted(
                    f"interrupted at iteration {engine.iteration:,} of {iterations:,} of {self.job.title}; "
                    "the checkpoint is saved: run the same command again to go on"
                )
            if now - last_saved >= self.settings.checkpoint_seconds:
                save()
                last_saved = now
        elapsed += time.monotonic() - start
        self.timings.append({"trials": len(batch), "iterations": iterations, "seconds": round(elapsed, 3)})
        log = history.log_table(problem.optimum.loss)
        self._commit(problem, history.trial_table(log, problem.optimum.loss), log)
        self.checkpoint.unlink(missing_ok=True)

    def _status(self, problem: Problem, history: History, iteration: int, iterations: int) -> Status:
        """The batch at a log point: the best gap so far of each curve still alive."""
        gaps: dict[str, float] = {}
        for trial in history.trials:
            loss = history.latest.get(trial.trial_id)
            if loss is not None:
                gaps[trial.curve] = min(loss - problem.optimum.loss, gaps.get(trial.curve, float("inf")))
        return Status(self.job.title, iteration, iterations, len(history.latest), len(history.trials), gaps)

    def _commit(self, problem: Problem, trials: pd.DataFrame, log: pd.DataFrame) -> None:
        """Add finished trials to the folder, in the plan's order; `trials.csv` says what is there: it is last."""
        folder = self.job.folder
        if (folder / logs.TRIALS).exists():
            before = logs.read_run(folder)
            trials, log = pd.concat([before.trials, trials]), pd.concat([before.log, log])
        order = {trial.trial_id: place for place, trial in enumerate(self.job.trials)}
        beyond = len(order)  # trials of an earlier, larger plan stay, after the others

        def place(ids: pd.Series) -> pd.Series:
            return ids.map(order).fillna(beyond)

        trials = trials.sort_values("trial_id", key=place, kind="stable")
        log = log.sort_values("trial_id", key=place, kind="stable")
        logs.write_json(folder / logs.MANIFEST, self._manifest(problem))
        logs.write_table(folder / logs.LOG, log)
        logs.write_table(folder / logs.TRIALS, trials.astype({"diverged_at": "Int64"}))

    def _manifest(self, problem: Problem) -> dict[str, Any]:
        job, folder = self.job, self.job.folder
        timings, adopted = list(self.timings), dict(self.adopted)
        if (folder / logs.TRIALS).exists():
            before = logs.read_run_manifest(folder)
            fingerprint = before["dataset"].get("fingerprint")
            if fingerprint != problem.dataset.fingerprint:
                raise LogError(
                    f"{folder} holds trials on other data (fingerprint {fingerprint}, now "
                    f"{problem.dataset.fingerprint}): give this run a folder of its own with --name"
                )
            timings = [entry for entry in before.get("timings", []) if entry not in timings] + timings
            adopted = before.get("adopted", {}) | adopted
        content = {
            "dataset": manifest.describe_dataset(problem.dataset, problem.preprocessing),
            "optimum": manifest.describe_optimum(problem.optimum, problem.loss_at_zero),
            "dtype": job.trials[0].dtype,
            **manifest.describe_machine(self.device),
            "timings": timings,
            "adopted": adopted,
        }
        return manifest.build(
            job.experiment, job.variant, job.name, job.overrides, full_length=job.full_length, content=content
        )
