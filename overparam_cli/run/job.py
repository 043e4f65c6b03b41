"""Plan → train → write → resume, for one variant of an experiment: one run folder, one lock, one writer.

What every kind of experiment shares: `JobRun` reads what is finished, takes over what other experiments have, hands the
rest to its subclass to train, and commits what that has finished. A trial is in the CSVs or in the folder's checkpoint.
"""

import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import filelock
import pandas as pd
import torch

from overparam_cli.errors import BusyError, ConfigError, LogError, RunInterrupted, StorageError
from overparam_cli.experiments import AnyTrial, Experiment
from overparam_cli.results import logs
from overparam_cli.run import manifest, reuse
from overparam_cli.run.machine import pick_device
from overparam_cli.run.progress import Progress

if TYPE_CHECKING:
    from overparam_cli.kinds.linear.measure import Measure


@dataclass(frozen=True)
class Job:
    """One variant of one experiment, to be brought to completion in `folder`."""

    experiment: Experiment
    variant: str
    trials: tuple[AnyTrial, ...]
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


class Problem(Protocol):
    """What trials are trained on, as far as the run folder is concerned."""

    @property
    def fingerprint(self) -> str:
        """Of the data: trials on other data do not share a folder."""

    def describe(self) -> dict[str, Any]:
        """The manifest's entries about it."""


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


def read_finished(folder: Path) -> logs.Run | None:
    """What is finished of a run folder, if anything."""
    return logs.read_run(folder) if (folder / logs.TRIALS).exists() else None


def finished_ids(folder: Path) -> set[str]:
    """Trials whose rows stand in a run folder."""
    finished = read_finished(folder)
    return set(finished.trials["trial_id"]) if finished else set()


class JobRun(ABC):
    """One pass over a job's folder, while it is locked. A kind of experiment is a subclass."""

    log_columns: tuple[str, ...] = tuple(logs.LOG_COLUMNS)  # those without which a trial is not taken over
    measurable = True  # whether `--measure` has something to look at

    def __init__(self, job: Job, settings: Settings, progress: Progress, stop: threading.Event) -> None:
        """Nothing is read or written before `complete`."""
        self.job, self.settings, self.progress, self.stop = job, settings, progress, stop
        self.device = pick_device(settings.device)
        self.checkpoint = job.folder / logs.CHECKPOINT
        self.timings: list[dict[str, Any]] = []
        self.adopted: dict[str, str] = {}

    def complete(self) -> None:
        """Train every missing trial."""
        job = self.job
        logs.sweep(job.folder)
        finished = read_finished(job.folder)
        done = set(finished.trials["trial_id"]) if finished else set()
        if finished:
            self._check_measured(finished)
            self.check_finished(finished)
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
        self.train(waiting, saved, missing)
        self.progress.end(job.title)

    @staticmethod
    @abstractmethod
    def weight(trial: AnyTrial) -> float:
        """What an iteration of a trial costs, roughly, in those of the ℓ4 engine."""

    @staticmethod
    @abstractmethod
    def estimate(job: Job, missing: Sequence[Any], settings: Settings) -> float:
        """Seconds that the `missing` trials will take here, by running them for a moment."""

    @abstractmethod
    def load_problem(self, trial: AnyTrial) -> Problem:
        """What a trial is about; errors as in `data.load`."""

    def check_finished(self, finished: logs.Run) -> None:  # noqa: B027 - most kinds have nothing to say
        """Say what of the `finished` trials is not as this job asks for it."""

    def takes(self, trial: AnyTrial, log: pd.DataFrame) -> bool:
        """Whether the log of a trial that another experiment ran will do here; its numbers are the trial's anyway."""
        return True

    @abstractmethod
    def train(self, waiting: Sequence[Any], saved: Mapping[str, Any] | None, missing: Sequence[Any]) -> None:
        """Train and commit the trials `waiting` in the checkpoint `saved`, and the `missing` ones."""

    @abstractmethod
    def fits(self, inside: set[str], wanted: set[str]) -> bool:
        """Whether a checkpoint of the trials `inside` can be gone on with where the `wanted` ones are missing."""

    def _check_measured(self, finished: logs.Run) -> None:
        """Refuse to measure where trials of the plan are finished without: they will not be run again."""
        asked = [measure.name for measure in self.settings.measures]
        if not {trial.trial_id for trial in self.job.trials}.intersection(finished.trials["trial_id"]):
            return
        lacking = [name for name in asked if name not in finished.log]
        if lacking:
            raise ConfigError(
                f"{self.job.title} has finished trials without {', '.join(lacking)}, and finished trials are not run "
                "again: give the measured run a folder of its own with --name"
            )

    def _adopt(self, missing: Sequence[AnyTrial]) -> list[AnyTrial]:
        """Take over trials that another experiment of the same results folder has finished."""
        found = reuse.find(missing, self.job.folder, self.log_columns)
        if found is None:
            return list(missing)
        problem = self.load_problem(missing[0])
        if problem.fingerprint != found.fingerprint:
            return list(missing)
        found = found.only([trial.trial_id for trial in missing if self.takes(trial, found.log_of(trial))])
        if not found.sources:
            return list(missing)
        self.adopted = found.sources
        places = ", ".join(sorted(set(found.sources.values())))
        self.progress.message(f"{self.job.title}: {len(found.sources)} trials taken over from {places}")
        self.commit(problem, found.trials, found.log)
        return [trial for trial in missing if trial.trial_id not in found.sources]

    def _load_checkpoint(self, missing: Sequence[AnyTrial]) -> dict[str, Any] | None:
        """The checkpoint if it belongs to missing trials; one that cannot be read or used is set aside, and said so."""
        if not self.checkpoint.exists():
            return None
        try:
            saved: dict[str, Any] = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            inside, wanted = set(saved["trials"]), {trial.trial_id for trial in missing}
            measures = [measure.name for measure in self.settings.measures]
            if self.fits(inside, wanted) and saved["schema"] == logs.SCHEMA and saved["measures"] == measures:
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

    def save_checkpoint(self, trials: Sequence[AnyTrial], content: Mapping[str, Any]) -> None:
        """Replace the checkpoint: the half-trained `trials`, and what going on with them needs."""
        head = {
            "schema": logs.SCHEMA,
            "trials": [trial.trial_id for trial in trials],
            "measures": [measure.name for measure in self.settings.measures],
        }
        logs.replace(self.checkpoint, lambda file: torch.save(head | dict(content), file))

    def interrupted(self, where: str) -> RunInterrupted:
        """What a run that was asked to stop ends with, once its checkpoint is saved."""
        kept = "the checkpoint is saved" if self.checkpoint.exists() else "what is finished is kept"
        return RunInterrupted(
            f"interrupted at iteration {where} of {self.job.title}; {kept}: run the same command again to go on"
        )

    def write_manifest(self, problem: Problem) -> None:
        """Say what the folder is about before anything in it is finished."""
        logs.write_json(self.job.folder / logs.MANIFEST, self._manifest(problem))

    def commit(self, problem: Problem, trials: pd.DataFrame, log: pd.DataFrame) -> None:
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
            if fingerprint != problem.fingerprint:
                raise LogError(
                    f"{folder} holds trials on other data (fingerprint {fingerprint}, now "
                    f"{problem.fingerprint}): give this run a folder of its own with --name"
                )
            timings = [entry for entry in before.get("timings", []) if entry not in timings] + timings
            adopted = before.get("adopted", {}) | adopted
        content = {
            **problem.describe(),
            "dtype": job.trials[0].dtype,
            **manifest.describe_machine(self.device),
            "planned": len(job.trials),
            "timings": timings,
            "adopted": adopted,
        }
        return manifest.build(
            job.experiment, job.variant, job.name, job.overrides, full_length=job.full_length, content=content
        )
